import type { OnnxModel } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type FeatureExtractor, requireFinite } from '../classifiers/featureExtractor.js';
import type { Features } from '../numerics/features.js';
import { type ComparableImages, resampleBilinear } from '../images/raster.js';

/** How to prepare images for an external ONNX model, and which outputs to use. */
export interface ModelExtractorOptions {
  /** Name of the model in messages and results. */
  readonly name: string;
  /** Digest of the model's file. */
  readonly digest?: string | undefined;
  /** Output [N, D] with the features (default: the only output). */
  readonly output?: string | undefined;
  /** Output [N, K] with class probabilities. */
  readonly probabilities?: string | undefined;
  /** Side length of the input in pixels (default: as declared in the file, else that of the images). */
  readonly size?: number | undefined;
  /** Channels of the input (default: as declared in the file). Grayscale is repeated; RGB is averaged for a grayscale model. */
  readonly channels?: number | undefined;
  /** Subtracted from pixels in [0, 1]; one value, or one per channel (default: 0). */
  readonly mean?: readonly number[] | undefined;
  /** Divisor after the subtraction; one value, or one per channel (default: 1). */
  readonly std?: readonly number[] | undefined;
}

/** Batch size if the model does not fix one. */
const DEFAULT_BATCH = 50;

/** Values of a batch, 2 GiB: a file may declare any size. */
const MAX_INPUT_VALUES = 2 ** 29;

/**
 * Wraps an ONNX image model as an extractor. Runs the model once on a gray image to determine the width of its features.
 * @throws {InputError} if the model does not have a single image input, or lacks a requested output of shape [N, D]
 */
export async function modelExtractor(model: OnnxModel, options: ModelExtractorOptions): Promise<FeatureExtractor> {
  const input = inputOf(model, options);
  const { name, probabilities } = options;
  const output = outputOf(model, options.output, name);
  const requested = [output, ...(probabilities === undefined ? [] : [outputOf(model, probabilities, name)])];
  const prepare = preparation(input, options);
  const runOn = async (images: ImageBytes): Promise<Features[]> => {
    const count = images.data.length / imageSize(images);
    const { batch = count } = input;
    const { data, shape } = prepare(images, batch);
    const results = await model.run(input.name, data, shape, requested);
    return requested.map((each) => rowsOf(results[each]!, each, count, batch, name));
  };
  const { channels = 3, size = 32 } = input;
  const gray = new Uint8Array(channels * size * size).fill(128);
  const probes = await runOn({ shape: [channels, size, size], data: gray });
  return {
    name: `${name}, output ${output}`,
    ...(options.digest === undefined ? {} : { digest: options.digest }),
    width: probes[0]!.width,
    extract: async (images) => {
      const [step, bytes] = [input.batch ?? DEFAULT_BATCH, imageSize(images)];
      const count = images.data.length / bytes;
      const tablesFor = (rows: readonly Features[]): Features[] =>
        rows.map(({ width }) => ({ data: new Float32Array(count * width), width }));
      let tables = tablesFor(probes);
      for (let first = 0; first < count; first += step) {
        const data = images.data.subarray(first * bytes, (first + step) * bytes);
        const parts = await runOn({ shape: images.shape, data });
        if (first === 0) tables = tablesFor(parts);
        parts.forEach((part, index) => tables[index]!.data.set(part.data, first * part.width));
      }
      const [features, classes] = tables;
      return requireFinite({ features: features!, ...(classes ? { probabilities: classes } : {}) }, name);
    },
    release: () => model.release(),
  };
}

type ImageBytes = ComparableImages & { readonly data: Uint8Array };

const imageSize = ({ shape: [channels, height, width] }: ComparableImages): number => channels * height * width;

/** The image input of a model. Undefined sizes are open: neither the file nor an option sets them. */
interface ImageInput {
  readonly name: string;
  readonly channelsLast: boolean;
  readonly batch: number | undefined;
  readonly channels: number | undefined;
  readonly size: number | undefined;
}

function inputOf({ inputs }: OnnxModel, { name, size, channels }: ModelExtractorOptions): ImageInput {
  const [first] = inputs;
  const shown = inputs.map((input) => `${input.name} ${input.type} [${input.shape.join(', ')}]`).join('; ');
  if (first === undefined || inputs.length > 1 || first.type !== 'float32' || first.shape.length !== 4) {
    throw new InputError(name, `expected one image input, float32 [N, C, H, W], but got ${shown || 'none'}`);
  }
  const [batch, ...sizes] = first.shape.map((each) => (typeof each === 'number' && each > 0 ? each : undefined));
  const isChannels = (value: number | undefined) => value === 1 || value === 3;
  const channelsLast = isChannels(sizes[2]) && !isChannels(sizes[0]);
  const [declaredChannels, height, width] = channelsLast ? [sizes[2], sizes[0], sizes[1]] : sizes;
  const rows = reconcile(name, 'rows', height, size);
  const columns = reconcile(name, 'columns', width, size);
  if (rows !== columns && rows !== undefined && columns !== undefined)
    throw new InputError(name, `expected a square input, but got ${rows}x${columns}`);
  const known = reconcile(name, 'channels', declaredChannels, channels);
  if (known !== undefined && !isChannels(known))
    throw new InputError(name, `expected an input of 1 or 3 channels, but got ${known}`);
  const input = { name: first.name, channelsLast, batch, channels: known, size: rows ?? columns };
  requireAllocatable(input, name);
  return input;
}

/** @throws {InputError} if a batch of the declared or requested size would not fit into memory */
function requireAllocatable({ batch = DEFAULT_BATCH, channels = 3, size = 1 }: ImageInput, name: string): void {
  const [values, image] = [batch * channels * size ** 2, `${size}x${size}x${channels}`];
  if (values > MAX_INPUT_VALUES)
    throw new InputError(
      name,
      `its input of ${batch} images of ${image} has ${values} values, more than ${MAX_INPUT_VALUES}`,
    );
}

/** Returns the declared value, or else the requested one. @throws {InputError} if both are given and differ */
function reconcile(
  name: string,
  what: string,
  declared: number | undefined,
  requested: number | undefined,
): number | undefined {
  if (declared !== undefined && requested !== undefined && declared !== requested)
    throw new InputError(name, `the input has ${declared} ${what}, not ${requested}`);
  return declared ?? requested;
}

function outputOf({ outputs }: OnnxModel, requested: string | undefined, name: string): string {
  const names = outputs.map((output) => output.name);
  if (requested === undefined && names.length === 1) return names[0]!;
  if (requested !== undefined && names.includes(requested)) return requested;
  if (requested === undefined)
    throw new InputError(name, 'several outputs', `select the one with the features from ${names.join(', ')}`);
  throw new InputError(name, `unknown output ${requested}`, `choose from ${names.join(', ')}`);
}

/** Returns a function that resizes images, converts their channels, normalizes them, and pads them with zeros to `batch` images. */
function preparation(input: ImageInput, { name, mean = [0], std = [1] }: ModelExtractorOptions) {
  for (const [what, values] of Object.entries({ mean, std })) {
    if (values.length !== 1 && values.length !== (input.channels ?? 3))
      throw new InputError(name, `expected one ${what} value or one per channel, but got ${values.length}`);
    if (!values.every(Number.isFinite) || (what === 'std' && values.some((value) => value <= 0)))
      throw new InputError(
        name,
        `${what} must be finite${what === 'std' ? ' and above 0' : ''}, but is ${values.join(', ')}`,
      );
  }
  return (images: ImageBytes, batch: number) => {
    const [channels, height] = images.shape;
    const { size = height, channels: target = channels } = input;
    const planes = resampleBilinear(images, size);
    const area = size * size;
    const data = new Float32Array(batch * target * area);
    for (let image = 0; image * channels * area < planes.length; image++) {
      for (let channel = 0; channel < target; channel++) {
        const [center, scale] = [mean[channel] ?? mean[0]!, std[channel] ?? std[0]!];
        for (let pixel = 0; pixel < area; pixel++) {
          const value = pixelOf(planes, image * channels * area + pixel, area, channels, target, channel);
          const offset = input.channelsLast ? pixel * target + channel : channel * area + pixel;
          data[image * target * area + offset] = (value / 255 - center) / scale;
        }
      }
    }
    return { data, shape: input.channelsLast ? [batch, size, size, target] : [batch, target, size, size] };
  };
}

/** Returns a pixel in one of `target` channels: repeats grayscale, and averages RGB for a single channel. */
function pixelOf(
  planes: Float32Array,
  offset: number,
  area: number,
  channels: number,
  target: number,
  channel: number,
): number {
  if (channels === target) return planes[offset + channel * area]!;
  if (channels === 1) return planes[offset]!;
  return (planes[offset]! + planes[offset + area]! + planes[offset + 2 * area]!) / 3;
}

/** Returns the rows of an output [batch, D] or [batch, D, 1, ...] without the rows of padding. */
function rowsOf(
  { shape, data }: { readonly shape: readonly number[]; readonly data: Float32Array },
  output: string,
  count: number,
  batch: number,
  name: string,
): Features {
  const [rows, width = 0] = shape;
  if (shape.length < 2 || rows !== batch || width < 1 || data.length !== batch * width) {
    throw new InputError(name, `expected output ${output} of shape [${batch}, D], but got [${shape.join(', ')}]`);
  }
  return { data: data.subarray(0, count * width), width };
}
