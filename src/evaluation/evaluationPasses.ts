import type { TrainedModel } from '../age/index.js';
import type { Split } from '../data/index.js';
import { fromBytes, toBytes } from '../images/index.js';
import type { ExtractedFeatures } from './featureExtractor.js';
import type { FeatureTable } from './featureTable.js';
import { inChunks } from './imageChunks.js';
import { type ComparableImages, imageSimilarity } from './imageSimilarity.js';
import { sampleChunks } from './samples.js';

/** What is found in one pass over images. */
export interface ImagesSeen {
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
export async function passOverImages(
  model: TrainedModel,
  split: Split,
  indices: Uint32Array,
  { reconstruct, features, signal }: PassOptions & { readonly reconstruct: boolean },
): Promise<ImagesSeen> {
  const shape = shapeOf(model);
  const codes = new Float32Array(indices.length * model.latent);
  const sums: Record<string, number> = {};
  for (const { images, first } of inChunks(split, model.imageSize, indices)) {
    signal?.throwIfAborted();
    const ofChunk = await model.encode(images);
    codes.set(ofChunk, first * model.latent);
    await features?.add(first, images);
    if (!reconstruct) continue;
    const { l1, mse, psnr, ssim } = imageSimilarity({ shape, data: await model.decode(ofChunk) }, { shape, data: fromBytes(images) });
    const share = images.length / model.imageSize / indices.length;
    for (const [name, value] of Object.entries({ reconstruction_l1: l1, reconstruction_mse: mse, psnr, ssim })) sums[name] = (sums[name] ?? 0) + share * value;
  }
  return { codes, reconstruction: sums, extracted: features?.rows };
}

/** What is found in one pass over samples. */
export interface SamplesSeen {
  /** The prior's draws z [N, M]. */
  readonly codes: Float32Array;
  /** e(g(z)) [N, M], of images as the generator makes them. */
  readonly recovered: Float32Array;
  /** g(z) as bytes [N, C, H, W]: what `agenet sample` writes. */
  readonly images: Uint8Array;
  readonly extracted: ExtractedFeatures | undefined;
}

/** Draws samples, encodes them, and takes their features where that is asked for. */
export async function passOverSamples(model: TrainedModel, count: number, seed: number, { features, signal }: PassOptions): Promise<SamplesSeen> {
  const [codes, recovered] = [new Float32Array(count * model.latent), new Float32Array(count * model.latent)];
  const images = new Uint8Array(count * model.imageSize);
  for await (const chunk of sampleChunks(model, count, seed)) {
    signal?.throwIfAborted();
    codes.set(chunk.codes, chunk.first * model.latent);
    recovered.set(await model.encodeGenerated(chunk.values), chunk.first * model.latent);
    const bytes = toBytes(chunk.values);
    images.set(bytes, chunk.first * model.imageSize);
    await features?.add(chunk.first, bytes);
  }
  return { codes, recovered, images, extracted: features?.rows };
}

/** Of a model's images. */
export const shapeOf = (model: TrainedModel): ComparableImages['shape'] => model.pair.encoder.inputShape as [number, number, number];
