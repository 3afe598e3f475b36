/** Routes that start trainings, and say beforehand what they would do. */
import { join } from 'node:path';
import { createRoute, z } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { InputError, setting } from '../../errors.js';
import { numbered } from '../../runs/runFolder.node.js';
import { runCommand } from '../commandOutput.node.js';
import { openOwnFile } from '../ownFiles.node.js';
import { plan, trainingForm as formSchema, trainingRequest, type TrainingRequest } from '../schemas.js';
import { checkFields, optionsOf, shellCommand, trainingForm } from '../trainingForm.node.js';
import { requireFreeName } from '../trainingQueue.node.js';
import { type AddRoutes, answers, PROBLEMS, requireRun, type Studio } from './context.node.js';

const body = { required: true, content: { 'application/json': { schema: trainingRequest } } } as const;
const started = z.object({ command: z.string().describe('The same training as a command') });

const form = createRoute({
  ...{ method: 'get', path: '/api/form', summary: 'The options of `agenet train`, and the presets' },
  responses: { 200: answers(formSchema, 'Groups of fields') },
});
const check = createRoute({
  ...{ method: 'post', path: '/api/trainings/check', summary: 'Checks the options of a training' },
  request: { body },
  responses: { 200: answers(started, 'They are right'), ...PROBLEMS },
});
const dryRun = createRoute({
  ...{
    method: 'post',
    path: '/api/trainings/plan',
    summary: 'What the training would do, as `train --dry-run` prints it',
  },
  request: { body },
  responses: { 200: answers(plan, 'Networks, data, length and time'), ...PROBLEMS },
});
const start = createRoute({
  ...{ method: 'post', path: '/api/trainings', summary: 'Starts a training, or adds it to the queue' },
  request: { body },
  responses: { 202: answers(started, 'It starts, or waits in the queue'), ...PROBLEMS },
});

const cancel = createRoute({
  ...{
    method: 'delete',
    path: '/api/trainings/{run}',
    summary: 'Takes a training from the queue, or dismisses one that failed to begin',
  },
  request: { params: z.object({ run: z.string().max(1000) }) },
  responses: { 204: { description: 'It is removed' }, ...PROBLEMS },
});

/** Trial iterations of a wide network take minutes, and slow trainings down. */
const [DRY_RUN_MS, MAX_DRY_RUNS] = [600_000, 2];

export const addTrainingRoutes: AddRoutes = (app, studio) => {
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
    try {
      const result = await runCommand(program, [...args, '--dry-run'], {
        timeout: DRY_RUN_MS,
        signal: context.req.raw.signal,
      });
      return context.json(plan.parse(result), 200);
    } finally {
      dryRuns--;
    }
  });
  app.openapi(start, async (context) => {
    const request = context.req.valid('json');
    const args = await checkedArguments(studio, request);
    await queue.add({ kind: 'new', added: Date.now(), request });
    await live.update();
    return context.json({ command: shellCommand(args) }, 202);
  });
  app.openapi(cancel, async (context) => {
    if (!(await queue.remove(context.req.valid('param').run)))
      throw new HTTPException(404, { message: 'there is no such training in the queue' });
    await live.update();
    return context.body(null, 204);
  });
};

/**
 * Returns the arguments of `agenet` for a new run.
 * @throws {InputError} if its name is taken, its data is not offered, or the command line would reject an option
 */
async function checkedArguments(studio: Studio, request: TrainingRequest): Promise<string[]> {
  await requireFreeName(studio.folder, request.name);
  if (studio.queue.has(request.name))
    throw new InputError(setting('out'), `${request.name} is in the queue already`, 'choose another name');
  const { data, fields, fork } = request;
  const args = await argumentsOf(studio, request);
  await checkFields(data, fields, fork && (await checkpointOf(studio, fork)));
  return args;
}

/**
 * Returns the arguments of `agenet` for a new run, unchecked.
 * @throws {InputError} if its data is not offered, or the checkpoint that it starts from is gone
 */
export async function argumentsOf(
  studio: Pick<Studio, 'folder' | 'library' | 'dataSets'>,
  { name, data, fields, fork }: TrainingRequest,
): Promise<string[]> {
  await studio.dataSets.require(data);
  const source = fork && (await checkpointOf(studio, fork));
  return [
    'train',
    data,
    '--out',
    join(studio.folder, name),
    ...(source ? ['--init-from', source] : []),
    ...optionsOf(fields),
  ];
}

async function checkpointOf(
  studio: Pick<Studio, 'folder' | 'library'>,
  { run, step }: NonNullable<TrainingRequest['fork']>,
): Promise<string> {
  const name = `${numbered(step)}.safetensors`;
  const opened = await openOwnFile(requireRun(studio, run), 'checkpoints', name);
  if (opened === undefined) throw new InputError(setting('initFrom'), `${run} has no checkpoint of iteration ${step}`);
  await opened.file.close();
  return join(studio.folder, run, 'checkpoints', name);
}
