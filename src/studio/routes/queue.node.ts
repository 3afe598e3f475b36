/** Routes of new runs: their form, checks and plans, and the queue. */
import { join } from 'node:path';
import { createRoute, z } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { InputError, setting } from '../../errors.js';
import { numbered } from '../../files/atomic.node.js';
import { runCommand } from '../commandOutput.node.js';
import { inQueueAlready, requireFreeName } from '../runQueue.node.js';
import { newRun, type NewRun, plan, trainingForm as formSchema } from '../schemas.js';
import { withoutPaths } from '../shownPaths.node.js';
import { checkFields, optionsOf, shellCommand, trainingForm } from '../trainingForm.node.js';
import { type AddRoutes, answers, jsonBody, PROBLEMS, runParams, type Studio } from './context.node.js';

const request = { body: jsonBody(newRun) };
const asCommand = z.object({ command: z.string().describe('The same run as a command') });

const form = createRoute({
  method: 'get',
  path: '/api/form',
  summary: 'The options of `agenet train`, and the presets',
  responses: { 200: answers(formSchema, 'Groups of fields') },
});
const check = createRoute({
  method: 'post',
  path: '/api/queue/check',
  summary: 'Checks the options of a run',
  request,
  responses: { 200: answers(asCommand, 'They are valid'), ...PROBLEMS },
});
const dryRun = createRoute({
  method: 'post',
  path: '/api/queue/plan',
  summary: 'The plan of a run, as `train --dry-run` prints it',
  request,
  responses: { 200: answers(plan, 'Networks, data, length and time'), ...PROBLEMS },
});
const start = createRoute({
  method: 'post',
  path: '/api/queue',
  summary: 'Adds a run to the queue, which starts it if there is room',
  request,
  responses: { 202: answers(asCommand, 'It starts or waits'), ...PROBLEMS },
});
const cancel = createRoute({
  method: 'delete',
  path: '/api/queue/{run}',
  summary: 'Removes a run from the queue, or dismisses one that could not be started',
  request: { params: runParams },
  responses: { 204: { description: 'It is removed' }, ...PROBLEMS },
});

/** Trial iterations of a wide network take minutes, and slow other runs down. */
const [DRY_RUN_MS, MAX_DRY_RUNS] = [600_000, 2];

export const addQueueRoutes: AddRoutes = (app, studio) => {
  const { queue, live, program } = studio;
  let dryRuns = 0;
  app.openapi(form, async (context) => context.json(await trainingForm(), 200));
  app.openapi(check, async (context) => {
    const args = await checkedArguments(studio, context.req.valid('json'));
    return context.json({ command: shellCommand(args) }, 200);
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

/**
 * Returns the arguments of `agenet` for a new run.
 * @throws {InputError} if its name is taken, its data is not offered, or the command line would reject an option
 */
async function checkedArguments(studio: Studio, run: NewRun): Promise<string[]> {
  await requireFreeName(studio.folder, run.name);
  if (studio.queue.has(run.name)) throw inQueueAlready({ kind: 'new', added: 0, request: run });
  const args = await argumentsOf(studio, run);
  const { data, fields, fork } = run;
  await checkFields(await studio.dataSets.specOf(data), fields, fork && (await checkpointOf(studio, fork)));
  return args;
}

/**
 * Returns the arguments of `agenet` for a new run, unchecked.
 * @throws {InputError} if its data is not offered, or the checkpoint that it starts from is gone
 */
export async function argumentsOf(
  studio: Pick<Studio, 'folder' | 'library' | 'dataSets'>,
  { name, data, fields, fork }: NewRun,
): Promise<string[]> {
  const spec = await studio.dataSets.specOf(data);
  const source = fork && (await checkpointOf(studio, fork));
  const initFrom = source ? ['--init-from', source] : [];
  return ['train', spec, '--out', join(studio.folder, name), ...initFrom, ...optionsOf(fields)];
}

async function checkpointOf(
  { library, folder }: Pick<Studio, 'folder' | 'library'>,
  { run, step }: NonNullable<NewRun['fork']>,
): Promise<string> {
  const name = `${numbered(step)}.safetensors`;
  const found = await library.find(run);
  const opened = await found?.folder.open(`checkpoints/${name}`).catch(() => undefined);
  if (opened === undefined) throw new InputError(setting('initFrom'), `${run} has no checkpoint of iteration ${step}`);
  await opened.file.close();
  return join(folder, run, 'checkpoints', name);
}
