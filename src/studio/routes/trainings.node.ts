/** Routes that start trainings, and say beforehand what they would do. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRoute, z } from '@hono/zod-openapi';
import { InputError } from '../../errors.js';
import { lastLineOf, messageOfCommand } from '../commandOutput.js';
import { fileOfRun } from '../runLibrary.node.js';
import { plan, trainingForm, trainingRequest, type TrainingRequest } from '../schemas.js';
import { optionsOf, shellCommand } from '../trainingCommand.js';
import { requireFreeName } from '../trainingQueue.node.js';
import { type AddRoutes, answers, PROBLEMS, requireRun, type Studio } from './context.node.js';

const body = { required: true, content: { 'application/json': { schema: trainingRequest } } } as const;
const started = z.object({ command: z.string().describe('The same training as a command') });

const form = createRoute({
  ...{ method: 'get', path: '/api/form', summary: 'The options of `agenet train`, and the presets' },
  responses: { 200: answers(trainingForm, 'Groups of fields') },
});
const check = createRoute({
  ...{ method: 'post', path: '/api/trainings/check', summary: 'Checks the options of a training' },
  request: { body },
  responses: { 200: answers(started, 'They are right'), ...PROBLEMS },
});
const dryRun = createRoute({
  ...{ method: 'post', path: '/api/trainings/plan', summary: 'What the training would do, as `train --dry-run` prints it' },
  request: { body },
  responses: { 200: answers(plan, 'Networks, data, length and time'), ...PROBLEMS },
});
const start = createRoute({
  ...{ method: 'post', path: '/api/trainings', summary: 'Starts a training, or adds it to the queue' },
  request: { body },
  responses: { 202: answers(started, 'It starts, or waits in the queue'), ...PROBLEMS },
});

/** Trial iterations of a wide network take minutes. */
const DRY_RUN_MS = 600_000;

export const addTrainingRoutes: AddRoutes = (app, studio) => {
  const { folder, queue, live, command } = studio;
  app.openapi(form, (context) => context.json(command.form, 200));
  app.openapi(check, async (context) => {
    const args = await argumentsOf(studio, context.req.valid('json'));
    return context.json({ command: shellCommand(args) }, 200);
  });
  app.openapi(dryRun, async (context) => {
    const args = await argumentsOf(studio, context.req.valid('json'));
    const [program, ...first] = command.program;
    const options = { maxBuffer: 2 ** 24, timeout: DRY_RUN_MS, signal: context.req.raw.signal };
    const { stdout } = await promisify(execFile)(program, [...first, ...args, '--dry-run', '--json'], options).catch((error: unknown) => {
      throw new InputError(messageOfCommand(error));
    });
    return context.json(plan.parse(JSON.parse(lastLineOf(stdout))), 200);
  });
  app.openapi(start, async (context) => {
    const request = context.req.valid('json');
    const args = await argumentsOf(studio, request);
    if (queue.has(request.name)) throw new InputError(`--out: ${request.name} is in the queue already; choose another name`);
    await requireFreeName(folder, request.name);
    await queue.add({ id: request.name, data: request.data, args });
    await live.update();
    return context.json({ command: shellCommand(args) }, 202);
  });
};

/**
 * Returns the arguments of `agenet` for a training.
 * @throws {InputError} if its data is not offered, or the command line would reject an option
 */
async function argumentsOf(studio: Studio, { name, data, fields, fork }: TrainingRequest): Promise<string[]> {
  await studio.dataSets.require(data);
  const source = fork && (await checkpointOf(studio, fork));
  const args = ['train', data, '--out', join(studio.folder, name), ...(source ? ['--init-from', source] : []), ...optionsOf(studio.command.form, fields)];
  await studio.command.check(args);
  return args;
}

async function checkpointOf(studio: Studio, { run, step }: NonNullable<TrainingRequest['fork']>): Promise<string> {
  const file = await fileOfRun(requireRun(studio, run), `checkpoints/${String(step).padStart(6, '0')}.safetensors`);
  if (file === undefined) throw new InputError(`--init-from: ${run} has no checkpoint of iteration ${step}`);
  return file;
}
