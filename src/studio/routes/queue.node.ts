import { join } from 'node:path';
import { z } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { errorsIn, InputError, setting, throwAll } from '../../errors.js';
import { numbered } from '../../files/atomic.node.js';
import { runCommand } from '../commandOutput.node.js';
import { checkedRun, labels, newRun, type NewRun, plan, runName, trainingForm as formSchema } from '../schemas.js';
import { allLabels } from '../labels.node.js';
import { withoutPaths } from '../paths.node.js';
import { checkFields, optionsOf, problemOf, shellCommand, trainingForm } from '../trainingForm.node.js';
import { type AddRoutes, answers, jsonBody, route, runParams, type Studio } from './context.node.js';

const request = { body: jsonBody(newRun) };
/** A wrong name is reported together with wrong fields. */
const draft = { body: jsonBody(newRun.extend({ name: z.string().max(1000) })) };
const asCommand = z.object({ command: z.string().describe('The same run as a command') });

const form = route('get', '/api/form', 'The options of `agenet train`, and the presets', {
  200: answers(formSchema, 'Groups of fields'),
});
const named = route('get', '/api/labels', 'Labels of settings, metrics and values of the log, by their names', {
  200: answers(labels, 'Labels and meanings'),
});
const check = route(
  'post',
  '/api/queue/check',
  'Checks the options of a run',
  { 200: answers(checkedRun, 'The command, or why there is none') },
  draft,
);
const dryRun = route(
  'post',
  '/api/queue/plan',
  'The plan of a run, as `train --dry-run` prints it',
  { 200: answers(plan, 'Networks, data, length and time') },
  request,
);
const start = route(
  'post',
  '/api/queue',
  'Adds a run to the queue, which starts it if there is room',
  { 202: answers(asCommand, 'It starts or waits') },
  request,
);
const cancel = route(
  'delete',
  '/api/queue/{run}',
  'Removes a run from the queue, or dismisses one that could not be started',
  { 204: { description: 'It is removed' } },
  { params: runParams },
);

/** Trial iterations of a wide network take minutes, and slow runs down. */
const [DRY_RUN_MS, MAX_DRY_RUNS] = [600_000, 2];

export const addQueueRoutes: AddRoutes = (app, studio) => {
  const { queue, live, program } = studio;
  let dryRuns = 0;
  app.openapi(form, async (context) => context.json(await trainingForm(), 200));
  app.openapi(named, (context) => context.json(allLabels(), 200));
  app.openapi(check, async (context) => {
    try {
      const command = shellCommand(await checkedArguments(studio, context.req.valid('json')));
      return context.json({ command, problem: null }, 200);
    } catch (error) {
      // A form that is being filled in is no failed request.
      if (!(error instanceof InputError)) throw error;
      return context.json({ command: null, problem: withoutPaths(problemOf(error), studio.folder) }, 200);
    }
  });
  app.openapi(dryRun, async (context) => {
    const args = await checkedArguments(studio, context.req.valid('json'));
    if (dryRuns >= MAX_DRY_RUNS)
      throw new InputError('plan', 'other plans are being computed', 'try again in a moment');
    dryRuns++;
    const options = { timeout: DRY_RUN_MS, signal: context.req.raw.signal };
    try {
      const result = plan.parse(await runCommand(program, [...args, '--dry-run'], options));
      return context.json(withoutPaths(result, studio.folder), 200);
    } finally {
      dryRuns--;
    }
  });
  app.openapi(start, async (context) => {
    const run = context.req.valid('json');
    const args = await checkedArguments(studio, run);
    await queue.add({ kind: 'new', added: Date.now(), request: run });
    await live.update();
    return context.json({ command: shellCommand(args) }, 202);
  });
  app.openapi(cancel, async (context) => {
    if (!(await queue.remove(context.req.valid('param').run)))
      throw new HTTPException(404, { message: 'there is no such run in the queue' });
    await live.update();
    return context.body(null, 204);
  });
};

/** @throws {InputError} if the command line would reject the run */
async function checkedArguments(studio: Studio, run: NewRun) {
  const { name, data, fields, fork } = run;
  const checkName = async () => {
    const problem = runName.safeParse(name).error?.issues[0]?.message;
    if (problem !== undefined) throw new InputError(setting('out'), problem);
    await studio.queue.requireFreeName(run);
  };
  const checkSettings = async () =>
    checkFields(await studio.dataSets.specOf(data), fields, fork && (await checkpointOf(studio, fork)));
  throwAll([...(await errorsIn(checkName)), ...(await errorsIn(checkSettings))]);
  return argumentsOf(studio, run);
}

/** @throws {InputError} if the data is not offered, or the checkpoint is gone */
export async function argumentsOf(
  studio: Pick<Studio, 'folder' | 'library' | 'dataSets'>,
  { name, data, fields, fork }: NewRun,
) {
  const spec = await studio.dataSets.specOf(data);
  const initFrom = fork ? ['--init-from', await checkpointOf(studio, fork)] : [];
  return ['train', spec, '--out', join(studio.folder, name), ...initFrom, ...optionsOf(fields)];
}

async function checkpointOf(
  { library, folder }: Pick<Studio, 'folder' | 'library'>,
  { run, step }: NonNullable<NewRun['fork']>,
) {
  const name = `${numbered(step)}.safetensors`;
  const found = await library.find(run);
  const opened = await found?.folder.open(`checkpoints/${name}`).catch(() => undefined);
  if (opened === undefined) throw new InputError(setting('initFrom'), `${run} has no checkpoint of iteration ${step}`);
  await opened.file.close();
  return join(folder, run, 'checkpoints', name);
}
