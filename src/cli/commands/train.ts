import { Option } from '@commander-js/extra-typings';
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { awaitDecoding, type ImageSource } from '../../data/source.js';
import { CROPS } from '../../images/decoding.js';
import type { Configuration } from '../../training/configuration.js';
import type { TrainerState } from '../../training/trainer.js';
import { NAN_POLICIES } from '../../training/defaults.js';
import { SCHEDULES } from '../../training/learningRate.js';
import type { TrainingSummary } from '../../training/events.js';
import type { Compile } from '../../engine/index.js';
import { InputError } from '../../errors.js';
import { makeFolder, wrapWriteErrors, writingFailure } from '../../files/atomic.node.js';
import type { TrainingEvaluation, TrainingEvaluationOptions } from '../../runs/trainingEvaluation.node.js';
import type { RunFolder } from '../../runs/runFolder.node.js';
import { type ActionResult, runAction, STATUS, type Terminal, type Subcommand } from '../command.js';
import { addTrainingOptions, compilerOf, type CompilerOptions, DATA_HELP, loadTrainingChoices, parseList, parseNumber } from '../options.js';
import { requirePath } from '../output.js';
import { DecodingProgress, duration, steppingProgress } from '../progress.js';
import type { Settings } from '../settings.js';
import { TRAINING, withSignals } from '../signals.js';

const EXAMPLES = `
Examples:
  agenet train mnist                                  ten epochs into runs/mnist-1
  agenet train mnist --steps 1874 --out runs/first    two epochs into a folder of that name
  agenet train mnist --out runs/first --resume --steps 5000    goes on where that one ended
  agenet train photos --size 64 --flip                on the images in the folder photos
  agenet train cifar10:cifar --preset cifar10         as published, from the files in the folder cifar
  agenet train mnist --evaluate-every 2 --save-best fid    keeps what was best after every other epoch
  agenet train celeba:faces --preset celeba-finetune --init-from runs/faces-1    with that run's weights
`;

export const summary = 'train a model on images';
export const group = 'Training:';

export const define = async (command: Subcommand) =>
  addTrainingOptions(command, await loadTrainingChoices())
    .argument('<data>', DATA_HELP)
    .option('--epochs <number>', 'passes over the data (default: 10)', parseNumber)
    .option('--steps <number>', 'iterations, instead of epochs', parseNumber)
    .addOption(new Option('--schedule <name>', 'how the learning rate goes (default: halving)').choices(SCHEDULES))
    .option('--halve-every <epochs>', 'halve the learning rate every so many epochs (default: 0, never)', parseNumber)
    .option('--warmup-steps <iterations>', 'let the learning rate rise over the first ones (default: 0)', parseNumber)
    .option('--ema <decay>', 'also keep averages of the weights, which sampling uses, such as 0.999 (default: 0, none)', parseNumber)
    .option('--ema-start <iterations>', 'begin to average later (default: 0)', parseNumber)
    .option('--init-from <run>', "begin with another run's weights, and with its settings where nothing else is said")
    .optionsGroup('Settings from files:')
    .option('--preset <name>', 'a recipe: cifar10, celeba, mnist, ... (in presets/)')
    .option('--config <file>', "settings in YAML or JSON, as in a run's config.json; flags go before it, and it before the preset")
    .optionsGroup('Images:')
    .addOption(new Option('--crop <name>', "how they become squares (default: center, or the data's own)").choices(CROPS))
    .option('--flip', 'mirror each at random')
    .option('--test-fraction <share>', 'keep so many for tests, where the data do not say which (default: 0.1)', parseNumber)
    .option('--strict', 'stop at the first image that cannot be read, instead of leaving it out')
    .optionsGroup('The run:')
    .option('--out <folder>', 'the run folder (default: runs/DATA-NUMBER)')
    .option('--resume', 'go on from the last checkpoint in --out')
    .option('--log-every <iterations>', 'write losses to log.jsonl (default: 10)', parseNumber)
    .option('--sample-every <iterations>', 'draw samples and reconstructions; 0: only at the end (default: 500)', parseNumber)
    .option('--checkpoint-every <iterations>', 'save everything; 0: only at the end (default: 2000)', parseNumber)
    .option('--keep-last <number>', 'of the checkpoints only so many of the newest (default: 0, all)', parseNumber)
    .option('--keep-every <iterations>', 'and of the older ones the multiples of this (default: 0, none)', parseNumber)
    .addOption(
      new Option('--on-nan <remedy>', 'where a loss is not finite: stop, or go back to the last checkpoint with half the learning rate').choices(NAN_POLICIES),
    )
    .option('--max-rollbacks <number>', 'go back at most so often (default: 3)', parseNumber)
    .optionsGroup('Evaluation meanwhile:')
    .option('--evaluate-every <epochs>', 'judge the weights as agenet evaluate does; training waits (default: 0, never)', parseNumber)
    .option('--evaluate-metrics <list>', 'by which metrics or groups of them (default: reconstruction, latent, and samples where there are labels)', parseList)
    .option('--evaluate-samples <number>', 'how many samples, and images where there are as many (default: 10000)', parseNumber)
    .option('--save-best <metric>', 'keep the best checkpoint by it as checkpoints/best.safetensors')
    .optionsGroup('Also:')
    .option('--tensorboard', "also write the log as TensorBoard's event files, into the run folder")
    .option('--dry-run', 'show settings, networks, data and expected time, and stop')
    .addHelpText('after', EXAMPLES)
    .action((data, options) => runAction(options, (terminal) => run(data, options, terminal)));

type Options = Settings & {
  readonly out?: string | undefined;
  readonly resume?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly strict?: true | undefined;
  readonly tensorboard?: true | undefined;
  readonly preset?: string | undefined;
  readonly config?: string | undefined;
  readonly initFrom?: string | undefined;
} & CompilerOptions;

/** What is trained, into what, and from where. */
interface Plan {
  readonly configuration: Configuration;
  /** The run to resume; without it, a new one. */
  readonly folder?: RunFolder;
  /** Where a new run begins; without it, with fresh weights. */
  readonly start?: TrainerState;
}

async function run(data: string, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { constant, graphOf } = await import('../../engine/index.js');
  const { RunFolder } = await import('../../runs/runFolder.node.js');
  const { planEvaluation } = await import('../../runs/trainingPlan.js');
  const { TensorBoardLog } = await import('../../runs/tensorBoard.node.js');
  const { train } = await import('../../runs/train.node.js');
  const { totalStepsFor } = await import('../../training/trainer.js');
  const { describeTraining } = await import('../dryRun.js');
  const { showProgress } = await import('../trainingProgress.js');
  if (options.out !== undefined) requirePath(options.out);
  const plan = await (options.resume ? planResumption(data, options) : planTraining(data, options, terminal));
  if (!plan.folder && options.out !== undefined && !options.dryRun) await RunFolder.requireEmpty(options.out);
  const { configuration, start } = plan;
  const compile = compilerOf(options, terminal);
  return withSignals(terminal, TRAINING, async (signal) => {
    const decoding = new DecodingProgress(terminal);
    const source = await openImages(configuration, options.strict ?? false, decoding, terminal, signal);
    try {
      // Evaluations want all images, and want them from the beginning.
      const judged = configuration.evaluateEvery > 0 ? await awaitDecoding(source) : source;
      if (configuration.evaluateEvery > 0) planEvaluation(configuration, judged);
      if (options.dryRun) return await describeTraining(configuration, source, compile, terminal);
      // Before the folder is made, which too few images or a device that cannot be used would leave behind.
      totalStepsFor(configuration, source.train.count);
      await (await compile(graphOf({ ready: constant(0) }))).release();
      const evaluation = await evaluationOf({ configuration, source: judged, compile, signal }, terminal);
      signal.throwIfAborted();
      const folder = plan.folder ?? (await RunFolder.create(options.out ?? (await claimFolder(configuration.data)), configuration));
      const board = options.tensorboard ? new TensorBoardLog(folder.path, configuration.logEvery) : undefined;
      const subscribers = [...(board ? [board.onEvent.bind(board)] : []), ...(evaluation ? [evaluation.subscriberFor(folder.path)] : [])];
      const show = showProgress(terminal, decoding.embedInLine());
      const onEvent: typeof show = (event) => {
        if (event.type === 'start') {
          terminal.note(`training ${configuration.network} on ${source.name} (${source.train.count} images of ${source.size.join('x')}) into ${folder.path}`);
        }
        show(event);
        // What is still to be decoded then is waited for.
        if (event.type === 'end') decoding.showOwnLine();
      };
      const summary = await train({ configuration, source, folder, compile, signal, onEvent, subscribers, ...(start ? { start } : {}) });
      await evaluation?.release();
      return await (summary.interrupted ? interrupted(summary, folder, configuration, terminal) : finished(summary, folder, source, compile, terminal));
    } finally {
      source.close?.();
    }
  });
}

/** Opens what is trained on, without waiting for all images. */
async function openImages(
  { data, evaluateEvery, testFraction, ...format }: Configuration,
  strict: boolean,
  decoding: DecodingProgress,
  { note }: Terminal,
  signal: AbortSignal,
): Promise<ImageSource> {
  const { openSource } = await import('../../data/open.node.js');
  return openSource(data, format, {
    testFraction,
    strict,
    streaming: true,
    onWarning: note,
    onProgress: decoding.update,
    // Of images that are decoded beside training, the iteration that is finished may need some.
    ...(strict || evaluateEvery > 0 ? { signal } : {}),
  });
}

/** Evaluations during a training that asks for them. */
async function evaluationOf(options: TrainingEvaluationOptions, terminal: Terminal): Promise<TrainingEvaluation | undefined> {
  if (options.configuration.evaluateEvery === 0) return undefined;
  const { TrainingEvaluation } = await import('../../runs/trainingEvaluation.node.js');
  return TrainingEvaluation.open({ ...options, onNote: terminal.note, onStep: steppingProgress(terminal, 'extractor') });
}

async function planTraining(data: string, options: Options, { note }: Terminal): Promise<Plan> {
  const { modelWeights, stateFromWeights } = await import('../../training/trainer.js');
  const { readCheckpoint } = await import('../openRun.js');
  const { flagOf, resolveConfiguration } = await import('../settings.js');
  const configuration = await resolveConfiguration(data, options, note);
  if (options.evaluateSamples !== undefined && configuration.evaluateEvery === 0)
    throw new InputError(`${flagOf('evaluateSamples')}: has no effect without evaluations; set ${flagOf('evaluateEvery')}`);
  const { initFrom } = configuration;
  if (initFrom === undefined) return { configuration };
  const { configuration: earlier, vectors } = await readCheckpoint(initFrom);
  for (const key of ['network', 'size', 'channels', 'width', 'latent'] as const) {
    if (earlier[key] !== configuration[key])
      throw new InputError(`${flagOf(key)} ${configuration[key]}: the weights of ${initFrom} are of networks with ${key} ${earlier[key]}`);
  }
  return { configuration, start: stateFromWeights(modelWeights(vectors, { ema: false }), configuration) };
}

/**
 * The run to resume, with the settings that may change changed.
 * @throws {InputError} for any other difference
 */
async function planResumption(data: string, options: Options): Promise<Plan> {
  const { canonicalDataSpec } = await import('../../data/open.node.js');
  const { RunFolder } = await import('../../runs/runFolder.node.js');
  const { checkConfiguration, isChangeable } = await import('../../training/configuration.js');
  const { flagOf, givenSettings, settingsFromFiles } = await import('../settings.js');
  if (options.out === undefined) throw new InputError('--resume: name the run to resume with --out');
  const folder = await RunFolder.open(options.out);
  const earlier = await folder.readConfiguration();
  const given: Settings = { ...(await settingsFromFiles(data, options)), ...givenSettings(options) };
  for (const [key, value] of Object.entries({ data, ...given })) {
    const before = earlier[key as keyof Configuration];
    const fixed = !isChangeable(key, earlier);
    const isSame = key === 'data' ? canonicalDataSpec(data) === canonicalDataSpec(earlier.data) : JSON.stringify(value) === JSON.stringify(before);
    if (fixed && !isSame) {
      const why = key === 'length' ? 'its learning rate follows from the length' : 'only its length and intervals may change';
      throw new InputError(
        `${key === 'data' ? 'data' : flagOf(key)}: the run in ${options.out} was started with ${JSON.stringify(before) ?? 'none'}, and ${why}; start a new run for ${JSON.stringify(value)}`,
      );
    }
  }
  return { folder, configuration: checkConfiguration({ ...earlier, ...given }, flagOf) };
}

/** Creates runs/mnist-1, or the first number that is not taken: of several trainings that start at once, each gets its own. */
async function claimFolder(data: string): Promise<string> {
  const name = basename(resolve(data.slice(data.indexOf(':') + 1))) || 'images';
  await wrapWriteErrors('runs', () => makeFolder('runs'));
  for (let number = 1; ; number++) {
    const path = join('runs', `${name}-${number}`);
    const failure = await mkdir(path).catch((error: NodeJS.ErrnoException) => error);
    if (failure === undefined) return path;
    if (failure.code !== 'EEXIST') throw new InputError(`${path}: cannot be written (${writingFailure(failure)})`);
  }
}

function interrupted(summary: TrainingSummary, folder: RunFolder, { data }: Configuration, terminal: Terminal): ActionResult {
  terminal.note(`stopped after ${summary.steps} iterations and saved ${summary.checkpoint}`);
  terminal.note(`resume with: npx agenet train ${data} --out ${folder.path} --resume`);
  return { result: { run: folder.path, ...summary }, status: STATUS.interrupted, isSaved: true };
}

async function finished(summary: TrainingSummary, folder: RunFolder, source: ImageSource, compile: Compile, terminal: Terminal): Promise<ActionResult> {
  const { scoreReconstruction } = await import('../../metrics/reconstruction.js');
  const { TrainedModel } = await import('../../model/trainedModel.js');
  const { BestCheckpoint } = await import('../../runs/bestCheckpoint.node.js');
  const { readCheckpointFile } = await import('../../runs/runFolder.node.js');
  const { iterationSpec } = await import('../../training/configuration.js');
  const { modelWeights } = await import('../../training/trainer.js');
  const { bestLine } = await import('../evaluationTable.js');
  const { configuration, vectors } = await readCheckpointFile(summary.checkpoint);
  const { pair, objective } = iterationSpec(configuration);
  const model = TrainedModel.of(pair, objective.prior, modelWeights(vectors), compile);
  const { test: images } = await awaitDecoding(source);
  const test = await scoreReconstruction(model, images);
  const best = configuration.saveBest === undefined ? undefined : await new BestCheckpoint(folder.path).read();
  const raw = configuration.ema > 0 ? { test_raw: await scoreReconstruction(model.withWeights(modelWeights(vectors, { ema: false })), images) } : {};
  await model.release();
  terminal.print(
    `${summary.steps} iterations, the last ${duration(summary.seconds)} of training ${(100 * summary.runtimeShare).toFixed(1)} % inside the runtime`,
  );
  terminal.print(
    `test images: reconstruction L1 ${test.reconstruction_l1.toFixed(4)}, MSE ${test.reconstruction_mse.toFixed(4)}; cosine of e(g(z)) with z ${test.latent_cosine.toFixed(3)}`,
  );
  if (summary.samples) terminal.print(`samples:         ${summary.samples}`);
  if (summary.reconstructions) terminal.print(`reconstructions: ${summary.reconstructions}`);
  if (best) terminal.print(bestLine(best));
  return { result: { run: folder.path, ...summary, test, ...raw, ...(best ? { best } : {}) }, isSaved: !terminal.json };
}
