/** Runs as files for other programs: networks, images and a model card. */
import { basename, resolve } from 'node:path';
import { openSource } from '../data/open.node.js';
import type { ImageSource } from '../data/source.js';
import { type Compile, encodeSafetensors } from '../engine/index.js';
import { InputError } from '../errors.js';
import { requireExportFolder, writeExport } from '../export/exportFolder.node.js';
import {
  type CardEvaluation,
  dataName,
  type Difference,
  introduction,
  lastPart,
  modelCardText,
  type PrecisionCost,
} from '../export/modelCard.js';
import { encodeNetworks } from '../export/networkFiles.js';
import type { PageModel } from '../export/pageModel.js';
import type { Precision } from '../export/precision.js';
import { pageFiles } from '../export/webPage.node.js';
import { encodePng } from '../images/files.node.js';
import { toBytes } from '../images/raster.js';
import { evaluate } from '../metrics/evaluate.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { encodeTraining } from '../export/trainingFile.js';
import { toStateDict } from '../networks/stateDict.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { firstOriginals, previewCodes, reconstructionGrid, sampleGrid } from '../training/previews.js';
import type { StoredCheckpoint } from '../training/runStore.js';
import { VERSION } from '../version.node.js';
import { evaluatedWeights, readEvaluationOf, runFolderOf } from './evaluationFile.node.js';
import { dataExtractor, type ExtractorOptions } from './extractorCache.node.js';
import { openRun } from './runFolder.node.js';

/** Options of an export. */
interface RunExport extends Pick<ExtractorOptions, 'onNote' | 'onStep'> {
  readonly compile: Compile;
  /** Whether to export the EMA weights if the run has them (default: true). */
  readonly ema?: boolean | undefined;
  /** How kernels are stored (default: float32). */
  readonly precision?: Precision | undefined;
  /** Whether to also write the weights under the names of PyTorch (default: false). */
  readonly pytorch?: boolean | undefined;
  /** Whether to also write a training iteration with its state (default: false). Needs the data. */
  readonly training?: boolean | undefined;
  /** Whether to also write a page that runs the networks in a browser (default: false). */
  readonly web?: boolean | undefined;
  /** Data for reconstructions and FID (default: the training data, if it is still there). */
  readonly data?: string | undefined;
  /** Opens data in the format of the run (default: `openSource`). */
  readonly open?: ((data: string, configuration: Configuration) => Promise<ImageSource>) | undefined;
  readonly onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
}

/** What was written; keys as in the JSON result. */
export interface ExportSummary {
  readonly out: string;
  readonly files: readonly string[];
  readonly step: number;
  readonly weights: 'ema' | 'raw';
  readonly precision: Precision;
  readonly cost?: PrecisionCost;
}

/** Samples for FID, and as many test images if there are. */
const FID_SAMPLES = 10_000;
/** Latent samples on which precisions are compared. */
const COMPARED_SAMPLES = 500;

/**
 * Writes the networks of a run as ONNX files, with images and a model card, into a folder.
 * @param run run folder or checkpoint
 * @throws {InputError} if there is no checkpoint, the named data cannot be opened, or the folder has files that were not written by an export
 */
export async function exportRun(run: string, out: string, options: RunExport): Promise<ExportSummary> {
  const { compile, ema = true, precision = 'float32' } = options;
  await requireExportFolder(out);
  const { checkpoint, model } = await openRun(run, compile, { ema });
  const { configuration, step } = checkpoint;
  const source = await openData(configuration, options);
  try {
    const weights = ema && configuration.ema > 0 ? 'ema' : 'raw';
    const { files, model: stored } = await encodeNetworks(model, precision, metadataOf(checkpoint, weights));
    const cost =
      precision === 'float32' ? {} : { cost: await measureCost({ model, stored, configuration, source }, options) };
    const images = await drawImages(stored, configuration, source);
    const name = basename(resolve((await runFolderOf(checkpoint.file)) ?? run));
    const card = modelCardText({
      name,
      version: VERSION,
      configuration,
      step,
      weights,
      precision,
      files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.length])),
      // Of other data than its own nothing is known of the training.
      data: source && options.data === undefined ? { train: source.train.count, test: source.test.count } : undefined,
      evaluation: await evaluationOf(checkpoint, model, ema),
      hasPage: options.web === true,
      hasReconstructions: 'reconstructions.png' in images,
      ...cost,
    });
    const networks = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.onnx`, bytes]));
    const optional: Record<string, Uint8Array | string> = {};
    if (options.pytorch) optional['pytorch.safetensors'] = encodeStateDict(model, checkpoint, weights);
    if (options.training) Object.assign(optional, await trainingFiles(checkpoint, source));
    if (options.web) Object.assign(optional, await pageFiles(pageModelOf(name, configuration), files));
    const written = await writeExport(out, { ...networks, ...optional, ...images, 'README.md': card });
    return { out, files: written, step, weights, precision, ...cost };
  } finally {
    await model.release();
    source?.close?.();
  }
}

/** Opens the named data, or the training data if it still exists. */
async function openData(
  configuration: Configuration,
  { data, onNote, open = openRunData }: RunExport,
): Promise<ImageSource | undefined> {
  try {
    return await open(data ?? configuration.data, configuration);
  } catch (error) {
    if (data !== undefined || !(error instanceof InputError)) throw error;
    onNote?.(`${error.message}; the export has no reconstructions, and FID is not measured`);
    return undefined;
  }
}

const openRunData = (data: string, configuration: Configuration): Promise<ImageSource> =>
  openSource(data, configuration, { testFraction: configuration.testFraction });

/** A configuration without places on this machine. */
function recipeOf(configuration: Configuration): Readonly<Record<string, unknown>> {
  const { initFrom: _, ...recipe } = configuration;
  return { ...recipe, data: dataName(configuration) };
}

/** What each file states about itself. */
function metadataOf({ configuration, step }: StoredCheckpoint, weights: string): Record<string, string> {
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

/** The model of a page, without its networks. */
function pageModelOf(name: string, configuration: Configuration): Omit<PageModel, 'networks'> {
  const { latent, prior, channels, size, crop, padding } = configuration;
  return {
    name,
    summary: introduction(configuration),
    latent,
    prior,
    shape: [channels, size, size],
    preprocessing: { size, channels, crop, padding },
  };
}

const encodeStateDict = (
  { pair, weights: vectors }: TrainedModel,
  checkpoint: StoredCheckpoint,
  weights: string,
): Uint8Array => encodeSafetensors({ tensors: toStateDict(pair, vectors), metadata: metadataOf(checkpoint, weights) });

/** An iteration, its state, and a description of both. */
async function trainingFiles(
  { configuration, ...state }: StoredCheckpoint,
  source: ImageSource | undefined,
): Promise<Record<string, Uint8Array | string>> {
  if (!source)
    throw new InputError(
      configuration.data,
      'a training iteration needs the number of training images',
      'name the data',
    );
  const { model, manifest } = await encodeTraining(configuration, state, source.train.count, recipeOf(configuration));
  const tensors = Object.fromEntries(
    Object.entries(state.vectors).map(([name, data]) => [name, { shape: [data.length], data }]),
  );
  return {
    'training.onnx': model,
    'training.json': `${JSON.stringify({ format: 'agenet training 1', agenet_version: VERSION, ...manifest }, null, 2)}\n`,
    'training.safetensors': encodeSafetensors({ tensors, metadata: {} }),
  };
}

async function drawImages(
  model: TrainedModel,
  { latent, seed, prior }: Configuration,
  source: ImageSource | undefined,
): Promise<Record<string, Uint8Array>> {
  const samples = { 'samples.png': await encodePng(await sampleGrid(model, previewCodes(prior, latent, seed))) };
  const split = source && (source.test.count > 0 ? source.test : source.train);
  if (!split) return samples;
  return {
    ...samples,
    'reconstructions.png': await encodePng(
      await reconstructionGrid(model, await firstOriginals(split, model.imageElements)),
    ),
  };
}

/** The evaluation of these weights in the run's folder, if there is one. */
async function evaluationOf(
  { file, step }: StoredCheckpoint,
  model: TrainedModel,
  ema: boolean,
): Promise<CardEvaluation | undefined> {
  const folder = await runFolderOf(file);
  const found = folder === undefined ? undefined : await readEvaluationOf(folder, evaluatedWeights(model, step, ema));
  if (found === undefined) return undefined;
  const { data, split, images, samples, extractor } = found.protocol as Readonly<Record<string, string>> & {
    readonly extractor?: { readonly name: string };
  };
  return {
    metrics: found.metrics,
    data: lastPart(String(data)),
    split: String(split),
    images: Number(images),
    samples: Number(samples),
    // Its name contains that of the data, which may be a path of this machine.
    extractor: extractor && String(extractor.name).replaceAll(String(data), lastPart(String(data))),
  };
}

interface Compared {
  readonly model: TrainedModel;
  /** The same networks with the weights as they are stored. */
  readonly stored: TrainedModel;
  readonly configuration: Configuration;
  readonly source: ImageSource | undefined;
}

async function measureCost(
  { model, stored, configuration, source }: Compared,
  options: RunExport,
): Promise<PrecisionCost> {
  const codes = previewCodes(model.prior, configuration.latent, configuration.seed, COMPARED_SAMPLES);
  const generated = await model.generate({ z: codes });
  const pixels = toBytes(generated);
  const differences = {
    // Of values in [-1, 1], twice as far apart as in 0..1.
    images: difference(generated, await stored.generate({ z: codes }), 0.5),
    codes: difference(await model.encode({ x: pixels }), await stored.encode({ x: pixels })),
  };
  if (!source || source.test.count < 2) return differences;
  const extractor = await dataExtractor(source, options.compile, options);
  try {
    const { divergence, moment, reduction } = iterationSpec(configuration).objective;
    const fidOf = async (subject: TrainedModel): Promise<number> => {
      const asked = {
        source,
        split: 'test',
        count: FID_SAMPLES,
        seed: 0,
        metrics: new Set(['fid']),
        extractor,
        divergence: { divergence, moment, reduction },
      } as const;
      const { metrics } = await evaluate({
        ...asked,
        model: subject,
        compile: options.compile,
        onProgress: options.onProgress,
      });
      return metrics.fid!;
    };
    const images = Math.min(FID_SAMPLES, source.test.count);
    return {
      ...differences,
      fid: {
        float32: await fidOf(model),
        stored: await fidOf(stored),
        samples: FID_SAMPLES,
        images,
        extractor: extractor.name.replaceAll(source.name, lastPart(source.name)),
      },
    };
  } finally {
    await extractor.release();
  }
}

function difference(a: Float32Array, b: Float32Array, scale = 1): Difference {
  let [sum, max] = [0, 0];
  a.forEach((value, index) => {
    const distance = scale * Math.abs(value - b[index]!);
    sum += distance;
    max = Math.max(max, distance);
  });
  return { mean: sum / a.length, max };
}
