import type { TrainedModel } from '../model/trainedModel.js';
import type { Split } from '../data/source.js';
import { type ComparableImages, fromBytes, toBytes } from '../images/raster.js';
import type { ExtractedFeatures } from '../classifiers/featureExtractor.js';
import type { FeatureTable } from './featureTable.js';
import { inChunks } from '../model/imageChunks.js';
import { imageSimilarity } from './imageSimilarity.js';
import { sampleChunks } from '../model/samples.js';

/** What is found in one pass over images. */
export interface ImageScan {
  /** e(x) [N, M]. */
  readonly codes: Float32Array;
  /** How alike g(e(x)) and x are, pixels in [-1, 1]; empty where it was not asked for. */
  readonly reconstruction: Readonly<Record<string, number>>;
  readonly extracted: ExtractedFeatures | undefined;
}

export interface PassOptions {
  /** Where features go; without it none are taken. */
  readonly features: FeatureTable | undefined;
  /** Ends the pass early, which then rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Encodes images of a split, and reconstructs them and takes their features where that is asked for. */
export async function scanImages(
  model: TrainedModel,
  split: Split,
  indices: Uint32Array,
  { reconstruct, features, signal }: PassOptions & { readonly reconstruct: boolean },
): Promise<ImageScan> {
  const shape = shapeOf(model);
  const codes = new Float32Array(indices.length * model.latentSize);
  const sums: Record<string, number> = {};
  for (const { images, first } of inChunks(split, model.imageElements, indices)) {
    signal?.throwIfAborted();
    const ofChunk = await model.encode(images);
    codes.set(ofChunk, first * model.latentSize);
    await features?.add(first, images);
    if (!reconstruct) continue;
    const { l1, mse, psnr, ssim } = imageSimilarity({ shape, data: await model.decode(ofChunk) }, { shape, data: fromBytes(images) });
    const share = images.length / model.imageElements / indices.length;
    for (const [name, value] of Object.entries({ reconstruction_l1: l1, reconstruction_mse: mse, psnr, ssim })) sums[name] = (sums[name] ?? 0) + share * value;
  }
  return { codes, reconstruction: sums, extracted: features?.rows };
}

/** What is found in one pass over samples. */
export interface SampleScan {
  /** The prior's draws z [N, M]. */
  readonly codes: Float32Array;
  /** e(g(z)) [N, M], of images as the generator makes them. */
  readonly recovered: Float32Array;
  /** g(z) as bytes [N, C, H, W]: what `agenet sample` writes. */
  readonly images: Uint8Array;
  readonly extracted: ExtractedFeatures | undefined;
}

/** Draws samples, encodes them, and takes their features where that is asked for. */
export async function scanSamples(model: TrainedModel, count: number, seed: number, { features, signal }: PassOptions): Promise<SampleScan> {
  const [codes, recovered] = [new Float32Array(count * model.latentSize), new Float32Array(count * model.latentSize)];
  const images = new Uint8Array(count * model.imageElements);
  for await (const chunk of sampleChunks(model, count, seed)) {
    signal?.throwIfAborted();
    codes.set(chunk.codes, chunk.first * model.latentSize);
    recovered.set(await model.encodeGenerated(chunk.values), chunk.first * model.latentSize);
    const bytes = toBytes(chunk.values);
    images.set(bytes, chunk.first * model.imageElements);
    await features?.add(chunk.first, bytes);
  }
  return { codes, recovered, images, extracted: features?.rows };
}

/** Of a model's images. */
export const shapeOf = (model: TrainedModel): ComparableImages['shape'] => model.pair.encoder.inputShape as [number, number, number];
