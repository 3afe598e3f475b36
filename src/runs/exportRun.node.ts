import { basename, resolve } from 'node:path';
import { conditionOf } from '../conditions/condition.js';
import { attributesFile } from '../conditions/syntax.js';
import { openSource } from '../data/open.node.js';
import type { ImageSource } from '../data/source.js';
import { type Compile, encodeSafetensors } from '../engine/index.js';
import { InputError, setting, text } from '../errors.js';
import { requireExportFolder, writeExport } from '../export/exportFolder.node.js';
import { type CardEvaluation, dataName, introduction, lastPart, modelCardText } from '../export/modelCard.js';
import { encodeNetworks } from '../export/networkFiles.js';
import type { PageModel } from '../export/pageModel.js';
import type { Precision } from '../export/precision.js';
import { compareOutputs, type PrecisionCost } from '../export/precisionCost.js';
import { pageFiles } from '../export/webPage.node.js';
import { encodePng } from '../images/files.node.js';
import { evaluate } from '../metrics/evaluate.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { encodeTraining } from '../export/trainingFile.js';
import { toStateDict } from '../networks/stateDict.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { shownOriginals, reconstructionGrid, sampleGrid } from '../training/previews.js';
import type { StoredCheckpoint } from '../training/runStore.js';
import { VERSION } from '../version.node.js';
import { evaluatedWeights, readEvaluationOf, runFolderOf } from './evaluationFile.node.js';
import { dataExtractor, type ExtractorOptions } from './extractorCache.node.js';
import { openFeatures } from './imageFeatures.node.js';
import { OwnFolder } from './ownFolder.node.js';
import { type OpenedRun, openRun } from './runFolder.node.js';
import { vectorTensors } from './sealedFile.node.js';

export interface RunExportOptions {
  /** Whether to export EMA weights if there are any (default: true). */
  ema?: boolean | undefined;
  /** How to store kernels (default: float32). The export measures the difference of float16 and int8. */
  precision?: Precision | undefined;
  /** Whether to measure the FID that float16 or int8 costs, which takes minutes (default: false). */
  fid?: boolean | undefined;
  /** Samples for FID, and test images if there are as many (default: 10,000). */
  count?: number | undefined;
  /** Whether to write `pytorch.safetensors`, weights under PyTorch's names (default: false). */
  pytorch?: boolean | undefined;
  /** Whether to write `training.onnx`, an iteration with its state and description (default: false). */
  training?: boolean | undefined;
  /** Whether to write `index.html`, which runs the networks in a browser (default: false). */
  web?: boolean | undefined;
  /** Data for reconstructions and FID (default: the training data, if it is still there). */
  data?: string | undefined;
  /** Receives a line if the training data is gone, or a feature extractor is trained. */
  onNote?: (message: string) => void;
}

interface RunExport extends RunExportOptions, Pick<ExtractorOptions, 'onStep'> {
  compile: Compile;
  open?: (data: string, configuration: Configuration, split: { testFraction: number }) => Promise<ImageSource>;
  onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
}

export interface ExportSummary {
  out: string;
  files: readonly string[];
  step: number;
  weights: 'ema' | 'raw';
  precision: Precision;
  cost?: PrecisionCost;
}

const FID_SAMPLES = 10_000;

/** @param run run folder or checkpoint */
export async function exportRun(run: string, out: string, options: RunExport): Promise<ExportSummary> {
  const { compile, ema = true, precision = 'float32', fid } = options;
  if (fid && precision === 'float32')
    throw new InputError(setting('fid'), 'has no effect on float32 weights', 'choose float16 or int8');
  if (!fid && options.count !== undefined)
    throw new InputError(setting('count'), text`has no effect without ${setting('fid')}`, 'remove it');
  await requireExportFolder(out);
  const opened = await openRun(run, compile, { ema });
  const { checkpoint, model } = opened;
  const source = await openData(checkpoint.configuration, options);
  try {
    const name = basename(resolve((await runFolderOf(checkpoint.file)) ?? run));
    return await writeModel({ ...options, ...opened, name, out, source, ema, precision });
  } finally {
    await model.release();
    source?.close?.();
  }
}

interface Subject extends RunExport, OpenedRun {
  name: string;
  out: string;
  source: ImageSource | undefined;
  ema: boolean;
  precision: Precision;
}

async function writeModel(subject: Subject): Promise<ExportSummary> {
  const { name, checkpoint, model, out, source, ema, precision, pytorch, training, web } = subject;
  const { configuration, step } = checkpoint;
  const weights = ema && configuration.ema > 0 ? 'ema' : 'raw';
  const metadata = metadataOf(checkpoint, weights);
  const { files, model: stored } = await encodeNetworks(model, precision, metadata);
  const cost = precision === 'float32' ? undefined : await measureCost(subject, stored);
  const images = await drawImages(stored, subject);
  const card = modelCardText({
    name,
    version: VERSION,
    configuration,
    step,
    weights,
    precision,
    files: Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, bytes.length])),
    // Other data say nothing about the run.
    data: source && subject.data === undefined ? { train: source.train.count, test: source.test.count } : undefined,
    evaluation: await evaluationOf(subject),
    hasPage: web === true,
    hasReconstructions: 'reconstructions.png' in images,
    cost,
  });
  const written = await writeExport(out, {
    ...Object.fromEntries(Object.entries(files).map(([file, bytes]) => [`${file}.onnx`, bytes])),
    ...(pytorch && {
      'pytorch.safetensors': encodeSafetensors({ tensors: toStateDict(model.pair, model.weights), metadata }),
    }),
    ...(training && (await trainingFiles(subject))),
    ...(web && (await pageFiles(pageModelOf(name, configuration), files, model.density))),
    ...images,
    'README.md': card,
  });
  return { out, files: written, step, weights, precision, ...(cost && { cost }) };
}

/** Unnamed training data may be gone. */
async function openData(configuration: Configuration, { data, fid, onNote, open = openSource }: RunExport) {
  try {
    return await open(data ?? configuration.data, configuration, {
      testFraction: configuration.testFraction,
      ...(data === undefined && { attributesFile: attributesFile(configuration) }),
    });
  } catch (error) {
    if (data !== undefined || fid || !(error instanceof InputError)) throw error;
    onNote?.(`${error.message}; the export has no reconstructions`);
    return undefined;
  }
}

/** Without paths of this machine. */
function recipeOf(configuration: Configuration) {
  const { initFrom: _, features, ...recipe } = configuration;
  const table = attributesFile(configuration);
  const condition = table === undefined ? recipe.condition : `attributes:${lastPart(table)}`;
  return {
    ...recipe,
    condition,
    data: dataName(configuration),
    ...(features !== undefined && { features: lastPart(features) }),
  };
}

function metadataOf({ configuration, step }: StoredCheckpoint, weights: string) {
  const { latent, prior, network, width, channels, size, encoderUpdates, generatorUpdates } = configuration;
  return {
    agenet_version: VERSION,
    latent_size: String(latent),
    prior,
    image_shape: JSON.stringify([channels, size, size]),
    network: `${network}, width ${width}`,
    encoder_updates: encoderUpdates,
    generator_updates: generatorUpdates,
    recipe: JSON.stringify(recipeOf(configuration)),
    step: String(step),
    weights,
  };
}

function pageModelOf(name: string, configuration: Configuration): Omit<PageModel, 'networks' | 'density'> {
  const { latent, prior, classes, attributes, channels, size, crop, padding } = configuration;
  const preprocessing = { size, channels, crop, padding };
  const shape = [channels, size, size] as const;
  const given = conditionOf(configuration);
  const condition = given && {
    ...{ setting: recipeOf(configuration).condition, classes, attributes, shape: given.shape },
    ...(given.parts && { parts: given.parts }),
  };
  const summary = introduction(configuration);
  return { name, summary, latent, prior, ...(condition && { condition }), shape, preprocessing };
}

async function trainingFiles(subject: Subject) {
  const {
    checkpoint: { configuration, file, ...state },
    source,
  } = subject;
  if (!source)
    throw new InputError(
      configuration.data,
      'a training iteration needs the number of training images',
      'name the data',
    );
  const features = await openFeatures(configuration, { ...subject, source, folder: await runFolderOf(file) });
  const { model, manifest } = await encodeTraining(
    configuration,
    state,
    source.train.count,
    recipeOf(configuration),
    features?.maps,
  );
  const description = { format: 'agenet training 1', agenet_version: VERSION, ...manifest };
  return {
    'training.onnx': model,
    'training.json': `${JSON.stringify(description, null, 2)}\n`,
    'training.safetensors': encodeSafetensors({ tensors: vectorTensors(state.vectors), metadata: {} }),
  };
}

async function drawImages(model: TrainedModel, { checkpoint, source }: Subject): Promise<Record<string, Uint8Array>> {
  const { seed } = checkpoint.configuration;
  const split = source && (source.test.count > 0 ? source.test : source.train);
  const originals = split && (await shownOriginals(split, model.imageElements));
  const samples = await sampleGrid(model, seed, originals);
  return {
    'samples.png': await encodePng(samples),
    ...(originals && { 'reconstructions.png': await encodePng(await reconstructionGrid(model, originals)) }),
  };
}

async function evaluationOf({ checkpoint, model, ema }: Subject): Promise<CardEvaluation | undefined> {
  const folder = await runFolderOf(checkpoint.file);
  const weights = evaluatedWeights(model, checkpoint.step, ema);
  const found = folder && (await readEvaluationOf(await OwnFolder.at(folder), weights));
  if (!found) return undefined;
  const { data, split, images, samples, extractor } = found.protocol as Record<string, string> & {
    extractor?: { name: string };
  };
  return {
    metrics: found.metrics,
    data: lastPart(String(data)),
    split: String(split),
    images: Number(images),
    samples: Number(samples),
    // Its name contains that of the data, which may be a path.
    extractor: extractor && String(extractor.name).replaceAll(String(data), lastPart(String(data))),
  };
}

async function measureCost(subject: Subject, stored: TrainedModel) {
  const outputs = await compareOutputs(subject.model, stored);
  return subject.fid ? { ...outputs, fid: await measureFid(subject, stored) } : outputs;
}

async function measureFid(subject: Subject, stored: TrainedModel) {
  const { model, checkpoint, source, compile, onProgress, count = FID_SAMPLES } = subject;
  const images = Math.min(count, source?.test.count ?? 0);
  if (source === undefined || images < 2)
    throw new InputError(setting('fid'), `needs at least 2 test images but found ${images}`, 'name other data');
  const extractor = await dataExtractor(source, compile, subject);
  const fidOf = async (measured: TrainedModel) => {
    const { metrics } = await evaluate({
      model: measured,
      source,
      split: 'test',
      count,
      seed: 0,
      metrics: new Set(['fid']),
      extractor,
      divergence: iterationSpec(checkpoint.configuration).objective,
      compile,
      onProgress,
    });
    return metrics.fid!;
  };
  try {
    return {
      float32: await fidOf(model),
      stored: await fidOf(stored),
      samples: count,
      images,
      extractor: extractor.name.replaceAll(source.name, lastPart(source.name)),
    };
  } finally {
    await extractor.release();
  }
}
