import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { awaitDecoding, type ImageSource } from '../data/source.js';
import type { FeatureMaps } from '../age/imageDistance.js';
import { iterationOf } from '../age/iteration.js';
import { type Compile, constant, type Graph, graphOf } from '../engine/index.js';
import { InputError, setting, type Text, text } from '../errors.js';
import { errorCode, makeFolder, wrapWriteErrors, writingFailure } from '../files/atomic.node.js';
import { scoreReconstruction } from '../metrics/reconstruction.js';
import type { Progress } from '../model/chunks.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { expectations } from '../training/defaults.js';
import { messageEvent, type Subscriber, type TrainingEvent, type TrainingSummary } from '../training/events.js';
import { initialState, modelWeights, stateFromWeights, totalStepsFor } from '../training/trainer.js';
import { runTraining } from '../training/trainingLoop.js';
import { BestCheckpoint, type BestRecord } from './bestCheckpoint.node.js';
import { removingLaterEvaluations } from './evaluationFile.node.js';
import { recordingData, requireSameData } from './dataRecord.node.js';
import type { ExtractorOptions } from './extractorCache.node.js';
import { draftFeatures, FEATURES_NAME, type ImageFeatures, openFeatures } from './imageFeatures.node.js';
import { type FinalScores, Journal } from './journal.node.js';
import { availableMemory, requireMemory } from './memory.node.js';
import { Ranks } from './ranks.node.js';
import { modelOf, readCheckpoint, readCheckpointFile, RunFolder } from './runFolder.node.js';
import { followSteering } from './steering.node.js';
import {
  type CompleteConfiguration,
  draftSettings,
  openTrainingImages,
  type PendingConfiguration,
  resumedConfiguration,
  type Settings,
} from './settings.node.js';
import { planEvaluation, requireMetrics, TrainingEvaluation } from './trainingEvaluation.node.js';

/** Where and how to train. */
export interface RunOptions {
  /** The run folder; a new run needs a new or empty one (default: the next free `runs/DATA-NUMBER`). */
  out?: string | undefined;
  /** The run folder to resume from its last checkpoint, or true for the run in `out` (default: false). */
  resume?: boolean | string | undefined;
  /** Whether to fail at the first image that cannot be decoded, instead of skipping it (default: false). */
  strict?: boolean | undefined;
  /** Whether to also write TensorBoard event files into the run folder (default: false). */
  tensorboard?: boolean | undefined;
  /** When aborted, the current iteration is finished and saved, and training ends. */
  signal?: AbortSignal | undefined;
}

/** How a run ended. Its keys are those of `train --json`. */
export interface RunSummary extends TrainingSummary, Partial<FinalScores> {
  /** The run folder. */
  run: string;
  /** The best checkpoint by the metric `saveBest`. */
  best?: BestRecord & { file: string };
}

/** An event of a run; `end` is the last one. */
export type RunEvent = TrainingEvent | { type: 'end'; summary: RunSummary };

interface PreparationOptions extends RunOptions {
  /** Whether `out` is ignored. */
  dryRun?: boolean;
  compile: Compile;
  /** Chooses the device of `compile` by the graph of an iteration, and returns a line about it. */
  chooseDevice?: ((iteration: Graph, signal?: AbortSignal) => Promise<string>) | undefined;
  /** Estimates the peak memory of training in bytes, if that is known. */
  estimateMemory?: ((iteration: Graph) => Promise<number | undefined>) | undefined;
  ranks?: Ranks | undefined;
  onEvent?: ((event: RunEvent) => void | Promise<void>) | undefined;
}

export type PreparedRun = Awaited<ReturnType<typeof prepareRun>>;

/** Writes no files. @throws {InputError} if a setting, the data or the folder cannot be used */
export async function prepareRun(settings: Settings, options: PreparationOptions) {
  const preparation = await prepare(settings, options);
  return { ...preparation, train: () => trainPrepared(preparation) };
}

type Preparation = Awaited<ReturnType<typeof prepare>>;

async function prepare(settings: Settings, options: PreparationOptions) {
  const { resume = false, signal, ranks = Ranks.alone(options.compile) } = options;
  signal?.throwIfAborted();
  const own = ranks.isFirst
    ? await (resume === false ? newRun(settings, options) : runToResume(settings, resume, options))
    : undefined;
  const { draft, complete } = ranks.shareSettings(own?.pending);
  const source = await openTrainingImages(draft, options);
  const close = () => source.close?.();
  try {
    await ranks.requireSameImages(source);
    const { configuration, chosen } = complete(source);
    ranks.requireDivisible(configuration.batch);
    const start = resume === false ? await initialWeights(configuration, ranks) : undefined;
    const evaluated = ranks.isFirst ? await evaluatedImages(configuration, source) : undefined;
    const folder = own?.folder;
    if (folder) await requireSameData(folder, source);
    const features = await draftFeatures(configuration);
    const iteration = iterationOf(iterationSpec(configuration, features));
    const { graph } = iteration;
    const memory = await memoryOf(graph, options);
    const notes = [
      ...notesOn(configuration, chosen, source.train.count),
      ...(memory ? requireMemory(memory.estimated, memory.available) : []),
      ...(await deviceNotes(graph, options)),
    ];
    return {
      ...options,
      ranks,
      configuration,
      source,
      start,
      folder,
      features,
      iteration: isTrained(configuration, features) ? iteration : undefined,
      evaluated,
      notes,
      memory,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Whether training begins with the iteration of the draft: stages can have other plans, and features have other weights. */
const isTrained = ({ stages }: Configuration, features: FeatureMaps | undefined) =>
  features === undefined && stages.length === 0;

export async function trainRun(settings: Settings, options: PreparationOptions) {
  const { train, close } = await prepareRun(settings, options);
  return train().finally(close);
}

async function evaluatedImages(configuration: Configuration, source: ImageSource) {
  if (configuration.evaluateEvery === 0) return undefined;
  const decoded = await awaitDecoding(source);
  planEvaluation(configuration, decoded);
  return decoded;
}

function notesOn(configuration: Configuration, chosen: CompleteConfiguration['chosen'], images: number): Text[] {
  const defaults = Object.entries(chosen).flatMap(([key, value]) => [' ', setting(key), ` ${value}`]);
  return [
    ...(defaults.length > 0 ? [text`defaults for ${images} training images:${defaults}`] : []),
    ...expectations(images, totalStepsFor(configuration, images)),
  ];
}

async function memoryOf(iteration: Graph, { estimateMemory }: PreparationOptions) {
  const estimated = await estimateMemory?.(iteration);
  return estimated === undefined ? undefined : { estimated, available: await availableMemory() };
}

async function deviceNotes(iteration: Graph, { chooseDevice, onEvent, signal }: PreparationOptions): Promise<string[]> {
  if (!chooseDevice) return [];
  await onEvent?.({ type: 'note', message: 'timing an iteration on each device' });
  return [await chooseDevice(iteration, signal)];
}

async function runToResume(settings: Settings, resume: string | true, { out }: RunOptions) {
  const folder = await RunFolder.open(pathToResume(resume, out));
  const configuration = await resumedConfiguration(folder, settings);
  // No default depends on the number of images any more.
  const pending: PendingConfiguration = { draft: configuration, complete: () => ({ configuration, chosen: {} }) };
  return { folder, pending };
}

async function newRun(settings: Settings, options: PreparationOptions) {
  const pending = await newSettings(settings, options);
  if (options.out !== undefined && !options.dryRun) await RunFolder.requireEmpty(options.out);
  return { folder: undefined, pending };
}

function pathToResume(resume: string | true, out: string | undefined) {
  if (typeof resume === 'string' && out !== undefined && resolve(resume) !== resolve(out))
    throw new InputError(
      text`${setting('resume')} ${resume}`,
      text`${setting('out')} names a different run folder, ${out}`,
      'give one of them',
    );
  const path = resume === true ? out : resume;
  if (path === undefined)
    throw new InputError(setting('resume'), 'the run folder is missing', text`set ${setting('resume')} to its path`);
  return path;
}

/** Checks the settings of a new run without opening its images. */
export async function checkNewRun(settings: Settings) {
  const { draft } = await newSettings(settings, {});
  if (draft.initFrom !== undefined) requireSameNetworks((await readCheckpoint(draft.initFrom)).configuration, draft);
}

async function newSettings(settings: Settings, { onEvent }: Pick<PreparationOptions, 'onEvent'>) {
  const pending = await draftSettings(settings, (message) => void onEvent?.(messageEvent('warning', message)));
  if (settings.evaluateSamples !== undefined && pending.draft.evaluateEvery === 0)
    throw new InputError(
      setting('evaluateSamples'),
      'has no effect without evaluations',
      text`set ${setting('evaluateEvery')}`,
    );
  requireMetrics(pending.draft);
  return pending;
}

async function trainPrepared(drafted: Preparation) {
  const { source, evaluated, compile, signal, onEvent } = drafted;
  // Too few images and unusable devices are reported before a folder is created.
  totalStepsFor(drafted.configuration, source.train.count);
  await (await compile(graphOf({ ready: constant(0) }))).release();
  const extractorEvents: ExtractorOptions = {
    signal,
    onNote: (message) => void onEvent?.({ type: 'note', message }),
    onStep: (step, steps, loss) => void onEvent?.({ type: 'extractor', step, steps, loss }),
  };
  const features = await openFeatures(drafted.configuration, {
    ...{ source, compile, ranks: drafted.ranks, folder: drafted.folder?.path },
    ...extractorEvents,
  });
  const preparation = withFeatures(drafted, features);
  const evaluation =
    evaluated && (await TrainingEvaluation.open({ ...preparation, source: evaluated, ...extractorEvents }));
  try {
    signal?.throwIfAborted();
    const folder = await folderOf(preparation);
    // Until the scores, or the failure, are in the journal.
    const lock = await folder?.lock();
    const train = async () => {
      if (features?.file) await folder?.files.write(FEATURES_NAME, features.file);
      return trainInto(folder, preparation, evaluation);
    };
    const summary = await train().finally(() => lock?.release());
    await onEvent?.({ type: 'end', summary });
    return summary;
  } finally {
    await evaluation?.release();
  }
}

const withFeatures = (drafted: Preparation, features: ImageFeatures | undefined): Preparation =>
  features
    ? {
        ...drafted,
        features: features.maps,
        configuration: { ...drafted.configuration, featuresDigest: features.digest },
      }
    : drafted;

async function trainInto(
  folder: RunFolder | undefined,
  preparation: Preparation,
  evaluation: TrainingEvaluation | undefined,
) {
  const { configuration, signal, ranks, onEvent } = preparation;
  const store = ranks.storeOf(folder);
  const journal = folder && new Journal(folder);
  const requested = folder && followSteering(folder.path);
  const train = async (): Promise<RunSummary> => {
    // A run without an EMA has other scores.
    const hadSameEma = folder && (await folder.readConfiguration()).ema > 0 === configuration.ema > 0;
    const summary = await runTraining({
      ...preparation,
      store,
      compileIteration: ranks.compile,
      steer: (step) => ranks.direct(signal?.aborted ? 'stop' : (requested?.(step) ?? 'train')),
      subscribers: [
        ...(onEvent ? [onEvent] : []),
        ...(journal ? [journal.onEvent] : []),
        ...(folder ? await subscribersOf(preparation, folder, evaluation) : []),
      ],
      start: async () => {
        const state = preparation.start ?? (await initialWeights(configuration, ranks)) ?? initialState(configuration);
        ranks.requireSameState(state);
        return state;
      },
    });
    if (summary.interrupted || !folder || !journal) return { run: store.path, ...summary };
    const known = summary.session_steps === 0 && hadSameEma ? await journal.scoresAfter(summary.steps) : undefined;
    const scores = known ?? (await finalScores(summary.checkpoint, preparation));
    const best = configuration.saveBest === undefined ? undefined : await new BestCheckpoint(folder.files).read();
    return { run: store.path, ...summary, ...scores, ...(best ? { best } : {}) };
  };
  return journal ? journal.whileTraining(train) : train();
}

async function folderOf({ folder, out, configuration, ranks }: Preparation) {
  if (!ranks.isFirst) return undefined;
  return folder ?? RunFolder.create(out ?? (await claimFolder(configuration.data)), configuration);
}

async function subscribersOf(
  { configuration, source, notes, tensorboard }: Preparation,
  folder: RunFolder,
  evaluation?: TrainingEvaluation,
): Promise<Subscriber[]> {
  const { files } = folder;
  return [
    async ({ type }, { emit }) => {
      if (type === 'start') for (const note of notes) await emit(messageEvent('note', note));
    },
    recordingData(folder, source),
    removingLaterEvaluations(files),
    ...(tensorboard
      ? [new (await import('./tensorBoard.node.js')).TensorBoardLog(files, configuration.logEvery).onEvent]
      : []),
    ...(evaluation ? [evaluation.subscriberFor(files)] : []),
  ];
}

async function initialWeights(configuration: Configuration, ranks: Ranks) {
  const { initFrom } = configuration;
  if (initFrom === undefined) return undefined;
  return ranks.shareState(async () => {
    const { configuration: earlier, vectors } = await readCheckpoint(initFrom);
    requireSameNetworks(earlier, configuration);
    return stateFromWeights(modelWeights(vectors, { ema: false }), configuration);
  }, configuration);
}

function requireSameNetworks(earlier: Configuration, configuration: Configuration) {
  for (const key of ['network', 'size', 'channels', 'width', 'latent'] as const) {
    const [expected, actual] = [earlier[key], configuration[key]];
    if (expected === actual) continue;
    const problem = `expected ${expected}, as in the weights of ${configuration.initFrom}, but got ${actual}`;
    throw new InputError(setting(key), problem);
  }
}

/** Creates runs/mnist-1, or the first number that is free: each of several runs that start together gets its own. */
async function claimFolder(data: string) {
  const name = basename(resolve(data.slice(data.indexOf(':') + 1))) || 'images';
  await wrapWriteErrors('runs', () => makeFolder('runs'));
  for (let number = 1; ; number++) {
    const path = join('runs', `${name}-${number}`);
    const failure = await mkdir(path).catch((error: unknown) => error);
    if (failure === undefined) return path;
    if (errorCode(failure) !== 'EEXIST') throw new InputError(path, `cannot be written (${writingFailure(failure)})`);
  }
}

async function finalScores(
  file: string,
  { configuration, source, compile, onEvent }: Preparation,
): Promise<FinalScores> {
  const checkpoint = await readCheckpointFile(file);
  const { test: images } = await awaitDecoding(source);
  const model = modelOf(checkpoint, compile);
  const onProgress: Progress = (done, total) => void onEvent?.({ type: 'scoring', done, total });
  try {
    const test = await scoreReconstruction(model, images, { onProgress });
    if (configuration.ema === 0) return { test };
    const raw = model.withWeights(modelWeights(checkpoint.vectors, { ema: false }));
    return { test, test_raw: await scoreReconstruction(raw, images, { onProgress }) };
  } finally {
    await model.release();
  }
}
