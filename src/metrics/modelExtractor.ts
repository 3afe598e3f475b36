import { type FeatureExtractor, requireFinite } from '../classifiers/featureExtractor.js';
import {
  type ImageInput,
  imageInputOf,
  type ModelInputOptions,
  requireNormalization,
} from '../classifiers/modelInput.js';
import { sizeOf, type TensorInfo } from '../engine/index.js';
import { InputError } from '../errors.js';
import { resampleBilinear } from '../images/raster.js';
import type { Features } from '../numerics/features.js';

/** An ONNX model, such as `loadOnnxModel` opens. */
export interface OnnxModel {
  inputs: readonly TensorInfo[];
  outputs: readonly TensorInfo[];
  /**
   * Runs the model on one float32 input and returns the named outputs.
   * @throws {InputError} if the model rejects the input, or an output is not float32
   */
  run: (
    input: string,
    data: Float32Array,
    shape: readonly number[],
    outputs: readonly string[],
  ) => Promise<Record<string, { shape: readonly number[]; data: Float32Array }>>;
  release: () => Promise<void>;
}

/** How to use an external ONNX model. */
export interface ModelExtractorOptions extends ModelInputOptions {
  /** Digest of its file. */
  digest?: string | undefined;
  /** Output [N, D] with the features (default: the only output). */
  output?: string | undefined;
  /** Output [N, K] with class probabilities. */
  probabilities?: string | undefined;
}

const DEFAULT_BATCH = 50;
/** Of a batch, 2 GiB: a file may declare any size. */
const MAX_INPUT_VALUES = 2 ** 29;

type ImageBytes = Parameters<FeatureExtractor['extract']>[0];

/**
 * Wraps an ONNX image model as an extractor. Runs the model once on a gray image to determine the width of its
 * features.
 * @throws {InputError} if the model does not have a single image input, or lacks a requested output of shape [N, D]
 */
export async function modelExtractor(model: OnnxModel, options: ModelExtractorOptions): Promise<FeatureExtractor> {
  const input = imageInputOf(model.inputs, options);
  const { batch = DEFAULT_BATCH } = input;
  const { name, digest, probabilities } = options;
  requireAllocatable(input, name);
  const output = outputOf(model, options.output, name);
  const requested = [output, ...(probabilities === undefined ? [] : [outputOf(model, probabilities, name)])];
  const prepare = preparation(input, options);
  const runOn = async (images: ImageBytes) => {
    const count = images.data.length / sizeOf(images.shape);
    const { data, shape } = prepare(images, batch);
    const results = await model.run(input.name, data, shape, requested);
    return requested.map((each): Features => {
      const { shape, data } = results[each]!;
      const [rows, width = 0] = shape;
      if (shape.length < 2 || rows !== batch || width < 1 || data.length !== batch * width)
        throw new InputError(name, `expected output ${each} of shape [${batch}, D], but got [${shape.join(', ')}]`);
      // The other rows are padding.
      return { data: data.subarray(0, count * width), width };
    });
  };
  const { channels = 3, size = 32 } = input;
  const gray = new Uint8Array(channels * size * size).fill(128);
  const probes = await runOn({ shape: [channels, size, size], data: gray });
  return {
    name: `${name}, output ${output}`,
    ...(digest !== undefined && { digest }),
    width: probes[0]!.width,
    extract: async (images) => {
      const bytes = sizeOf(images.shape);
      const count = images.data.length / bytes;
      const tableFor = ({ width }: Features) => ({ data: new Float32Array(count * width), width });
      let tables = probes.map(tableFor);
      for (let first = 0; first < count; first += batch) {
        const data = images.data.subarray(first * bytes, (first + batch) * bytes);
        const parts = await runOn({ shape: images.shape, data });
        if (first === 0) tables = parts.map(tableFor);
        parts.forEach((part, index) => tables[index]!.data.set(part.data, first * part.width));
      }
      const [features, classes] = tables;
      return requireFinite({ features: features!, ...(classes && { probabilities: classes }) }, name);
    },
    release: () => model.release(),
  };
}

function requireAllocatable({ batch = DEFAULT_BATCH, channels = 3, size = 1 }: ImageInput, name: string) {
  const [values, image] = [batch * channels * size ** 2, `${size}x${size}x${channels}`];
  if (values > MAX_INPUT_VALUES)
    throw new InputError(
      name,
      `its input of ${batch} images of ${image} has ${values} values, more than ${MAX_INPUT_VALUES}`,
    );
}

function outputOf({ outputs }: OnnxModel, requested: string | undefined, name: string) {
  const names = outputs.map((output) => output.name);
  const output = requested ?? (names.length === 1 ? names[0] : undefined);
  if (output === undefined)
    throw new InputError(name, 'several outputs', `select the one with the features from ${names.join(', ')}`);
  if (!names.includes(output))
    throw new InputError(name, `unknown output ${output}`, `choose from ${names.join(', ')}`);
  return output;
}

/** Pads with zeros to `batch` images. */
function preparation(input: ImageInput, { name, mean = [0], std = [1] }: ModelExtractorOptions) {
  requireNormalization({ name, mean, std }, input.channels);
  return (images: ImageBytes, batch: number) => {
    const [channels, height] = images.shape;
    const { size = height, channels: target = channels } = input;
    const planes = resampleBilinear(images, size);
    const area = size * size;
    const valueAt = (offset: number, channel: number) => {
      if (channels === target) return planes[offset + channel * area]!;
      if (channels === 1) return planes[offset]!;
      return (planes[offset]! + planes[offset + area]! + planes[offset + 2 * area]!) / 3;
    };
    const data = new Float32Array(batch * target * area);
    for (let image = 0; image * channels * area < planes.length; image++) {
      for (let channel = 0; channel < target; channel++) {
        const [center, scale] = [mean[channel] ?? mean[0]!, std[channel] ?? std[0]!];
        for (let pixel = 0; pixel < area; pixel++) {
          const value = valueAt(image * channels * area + pixel, channel);
          const offset = input.channelsLast ? pixel * target + channel : channel * area + pixel;
          data[image * target * area + offset] = (value / 255 - center) / scale;
        }
      }
    }
    return { data, shape: input.channelsLast ? [batch, size, size, target] : [batch, target, size, size] };
  };
}
