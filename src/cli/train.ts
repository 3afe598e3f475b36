import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { TrainedModel } from '../age/index.js';
import { openSource, SOURCE_FORMS } from '../data/open.node.js';
import type { ImageSource } from '../data/index.js';
import { type Compile, constant, graphOf } from '../engine/index.js';
import { InputError } from '../errors.js';
import { scoreReconstruction } from '../evaluation/reconstruction.js';
import { checkConfiguration, type Configuration, iterationSpec, modelWeights, type TrainingPoint, type TrainingSummary } from '../training/index.js';
import { readCheckpointFile, RunFolder } from '../training/runFolder.node.js';
import { train } from '../training/train.node.js';
import { type Outcome, perform, STATUS, type Terminal } from './command.js';
import { compilerOf, type CompilerOptions, flagOf, givenSettings, parseNumber, resolveConfiguration, trainingCommand } from './options.js';
import { duration, showProgress } from './progress.js';

/** Settings that a resumed run may change: they decide how far it goes and what it reports, not what it computes. */
const CHANGEABLE: readonly string[] = ['length', 'logEvery', 'sampleEvery', 'checkpointEvery'];

const EXAMPLES = `
Examples:
  agenet train mnist                                  ten epochs into runs/mnist-1
  agenet train mnist --steps 1874 --out runs/first    two epochs into a folder of that name
  agenet train mnist --out runs/first --resume --steps 5000    goes on where that one ended
`;

export const trainCommand = () =>
  trainingCommand('train', 'train a model on images')
    .argument('<data>', `what to train on: ${SOURCE_FORMS}`)
    .option('--epochs <number>', 'passes over the data (default: 10)', parseNumber)
    .option('--steps <number>', 'iterations, instead of epochs', parseNumber)
    .option('--drop-lr <epochs>', 'halve the learning rate every so many epochs (default: 0, never)', parseNumber)
    .optionsGroup('The run:')
    .option('--out <folder>', 'the run folder (default: runs/DATA-NUMBER)')
    .option('--resume', 'go on from the last checkpoint in --out')
    .option('--log-every <iterations>', 'write losses to log.jsonl (default: 10)', parseNumber)
    .option('--sample-every <iterations>', 'draw samples and reconstructions; 0: only at the end (default: 500)', parseNumber)
    .option('--checkpoint-every <iterations>', 'save everything; 0: only at the end (default: 2000)', parseNumber)
    .option('--dry-run', 'show what would be trained, and stop')
    .addHelpText('after', EXAMPLES)
    .action((data, options) => perform(options, (terminal) => run(data, options, terminal)));

type Options = Readonly<Record<string, unknown>> & {
  readonly out?: string | undefined;
  readonly resume?: true | undefined;
  readonly dryRun?: true | undefined;
} & CompilerOptions;

async function run(data: string, options: Options, terminal: Terminal): Promise<Outcome> {
  const plan = options.resume ? await planResumption(data, options) : { configuration: await resolveConfiguration(data, options) };
  const { configuration } = plan;
  const source = await openSource(configuration.data, configuration, { onWarning: terminal.note });
  if (options.dryRun) return describe(configuration, source, terminal);

  const compile = compilerOf(options);
  // Before the folder is made, which a device that cannot be used would leave behind.
  await (await compile(graphOf({ ready: constant(0) }))).release();
  const folder = 'folder' in plan ? plan.folder : await RunFolder.create(options.out ?? (await freeFolder(configuration.data)), configuration);
  if ('folder' in plan) await folder.writeConfiguration(configuration);
  terminal.note(`training ${configuration.network} on ${source.name} (${source.train.count} images of ${source.size.join('x')}) into ${folder.path}`);
  const start = 'start' in plan ? plan.start : undefined;
  const summary = await withSignals((signal) =>
    train({ configuration, source, folder, compile, signal, onEvent: showProgress(process.stderr), ...(start ? { start } : {}) }),
  );
  return summary.interrupted ? interrupted(summary, folder, configuration, terminal) : finished(summary, folder, source, compile, terminal);
}

/**
 * What to go on from, with the settings that may change changed; without a checkpoint yet, from the beginning. Throws InputError for any
 * other difference.
 */
async function planResumption(data: string, options: Options): Promise<{ folder: RunFolder; configuration: Configuration; start: TrainingPoint | undefined }> {
  if (options.out === undefined) throw new InputError('--resume: name the run to go on with by --out');
  const folder = await RunFolder.open(options.out);
  const earlier = await folder.readConfiguration();
  const given = { ...givenSettings(options), data };
  for (const [key, value] of Object.entries(given)) {
    const before = earlier[key as keyof Configuration];
    if (!CHANGEABLE.includes(key) && value !== before) {
      throw new InputError(
        `${key === 'data' ? 'data' : flagOf(key)}: the run in ${options.out} was started with ${JSON.stringify(before)}, and only its length and intervals may change; start a new run for ${JSON.stringify(value)}`,
      );
    }
  }
  const start = await folder.readLatestCheckpoint();
  const configuration = checkConfiguration({ ...earlier, ...given }, flagOf);
  return { folder, configuration, start };
}

/** runs/mnist-1, or the first number that is not taken; images from a folder give its name. */
async function freeFolder(data: string): Promise<string> {
  const taken = await readdir('runs').catch(() => [] as string[]);
  const name = basename(resolve(data.slice(data.indexOf(':') + 1))) || 'images';
  let number = 1;
  while (taken.includes(`${name}-${number}`)) number++;
  return join('runs', `${name}-${number}`);
}

/** The first Ctrl-C or SIGTERM asks the work to end well; another Ctrl-C ends the process. */
async function withSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(STATUS.interrupted);
    controller.abort();
    process.stderr.write('\nfinishing this iteration and saving; once more to stop at once\n');
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

function interrupted(summary: TrainingSummary, folder: RunFolder, { data }: Configuration, terminal: Terminal): Outcome {
  terminal.note(`stopped after ${summary.steps} iterations and saved ${summary.checkpoint}`);
  terminal.note(`go on with: npx agenet train ${data} --out ${folder.path} --resume`);
  return { result: { run: folder.path, ...summary }, status: STATUS.interrupted };
}

async function finished(summary: TrainingSummary, folder: RunFolder, source: ImageSource, compile: Compile, terminal: Terminal): Promise<Outcome> {
  const checkpoint = await readCheckpointFile(summary.checkpoint);
  const { pair, objective } = iterationSpec(checkpoint.configuration);
  const model = TrainedModel.of(pair, objective.prior, modelWeights(checkpoint.vectors), compile);
  const test = await scoreReconstruction(model, source.test);
  await model.release();
  terminal.print(
    `${summary.steps} iterations, the last ${duration(summary.seconds)} of training ${(100 * summary.runtimeShare).toFixed(1)} % inside the runtime`,
  );
  terminal.print(
    `test images: reconstruction L1 ${test.reconstruction_l1.toFixed(4)}, MSE ${test.reconstruction_mse.toFixed(4)}; cosine of e(g(z)) with z ${test.latent_cosine.toFixed(3)}`,
  );
  terminal.print(`samples:         ${summary.samples}`);
  terminal.print(`reconstructions: ${summary.reconstructions}`);
  return { result: { run: folder.path, ...summary, test } };
}

function describe(configuration: Configuration, source: ImageSource, terminal: Terminal): Outcome {
  const { pair, plans } = iterationSpec(configuration);
  const batchesPerEpoch = Math.floor(source.train.count / configuration.batch);
  const { length } = configuration;
  const steps = 'steps' in length ? length.steps : Math.ceil((length.epochs * batchesPerEpoch) / plans.encoder.updates);
  const parameters = { encoder: pair.encoder.parameters.size, generator: pair.generator.parameters.size };
  terminal.print(JSON.stringify(configuration, null, 2));
  terminal.print(
    `encoder ${parameters.encoder} parameters, generator ${parameters.generator}; ${steps} iterations over ${source.train.count} images, ${batchesPerEpoch} batches an epoch`,
  );
  return { result: { configuration, parameters, steps, images: source.train.count } };
}
