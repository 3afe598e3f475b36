import type { OnnxModel } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type FeatureExtractor, requireFinite } from '../classifiers/featureExtractor.js';
import { type ComparableImages, resampleBilinear } from '../images/raster.js';

/** How images become the input of a model, and which of its outputs are features. */
export interface ModelExtractorOptions {
  /** What messages and results call the model. */
  readonly name: string;
  /** A digest of the model's file. */
  readonly digest?: string | undefined;
  /** The output [N, D] with the features; the only one by default. */
  readonly output?: string | undefined;
  /** An output [N, K] with class probabilities. */
  readonly probabilities?: string | undefined;
  /** Rows and columns that the model takes; as its file declares them by default, or else the images' own. */
  readonly size?: number | undefined;
  /** Channels that the model takes; as declared by default. Grayscale is repeated; RGB for a grayscale model becomes its mean. */
  readonly channels?: number | undefined;
  /** Taken from pixels between 0 and 1, one for all channels or one each; 0 by default. */
  readonly mean?: readonly number[] | undefined;
  /** By which they are divided then; 1 by default. */
  readonly std?: readonly number[] | undefined;
}

/** Images of a run where the model leaves their number open. */
const DEFAULT_BATCH = 50;

/**
 * Any image model as an extractor. It is run once on a grayscale image to see what it gives.
 * @throws {InputError} for a model without a single image input, without the outputs that are asked for, or with outputs of other shapes
 */
export async function modelExtractor(model: OnnxModel, options: ModelExtractorOptions): Promise<FeatureExtractor> {
  const input = inputOf(model, options);
  const output = outputOf(model, options.output, options.name);
  const wanted = [output, ...(options.probabilities === undefined ? [] : [outputOf(model, options.probabilities, options.name)])];
  const prepare = preparation(input, options);
  const runOn = async (images: ComparableImages & { readonly data: Uint8Array }): Promise<Rows[]> => {
    const count = images.data.length / imageSize(images);
    const { data, shape } = prepare(images);
    const results = await model.run(input.name, padTo(data, input.batch ?? count, count), shapeOf(input, input.batch ?? count, shape), wanted);
    return wanted.map((name) => rowsOf(results[name]!, name, count, input.batch ?? count, options.name));
  };
  const { channels = 3, size = 32 } = { channels: input.channels, size: input.size };
  const [probe] = await runOn({ shape: [channels === 1 ? 1 : 3, size, size], data: new Uint8Array((channels === 1 ? 1 : 3) * size * size).fill(128) });
  return {
    name: `${options.name}, output ${output}`,
    ...(options.digest === undefined ? {} : { digest: options.digest }),
    width: probe!.width,
    extract: async (images) => {
      const step = (input.batch ?? DEFAULT_BATCH) * imageSize(images);
      const parts: Rows[][] = [];
      for (let start = 0; start < images.data.length; start += step)
        parts.push(await runOn({ shape: images.shape, data: images.data.subarray(start, start + step) }));
      const [features, probabilities] = wanted.map((_, index) => joined(parts.map((part) => part[index]!)));
      return requireFinite({ features: features!, ...(probabilities ? { probabilities } : {}) }, options.name);
    },
    release: () => model.release(),
  };
}

interface Rows {
  readonly data: Float32Array;
  readonly width: number;
}

const imageSize = ({ shape: [channels, height, width] }: ComparableImages): number => channels * height * width;

/** An image input, as far as the file and the options say what it takes. */
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
    throw new InputError(`${name}: should take one input of images, float32 [N, C, H, W], but takes ${shown || 'nothing'}`);
  }
  const [batch, ...sizes] = first.shape.map((each) => (typeof each === 'number' && each > 0 ? each : undefined));
  const isChannels = (value: number | undefined) => value === 1 || value === 3;
  const channelsLast = isChannels(sizes[2]) && !isChannels(sizes[0]);
  const [declaredChannels, height, width] = channelsLast ? [sizes[2], sizes[0], sizes[1]] : sizes;
  const rows = agreed(name, 'rows', height, size);
  const columns = agreed(name, 'columns', width, size);
  if (rows !== columns && rows !== undefined && columns !== undefined)
    throw new InputError(`${name}: takes images of ${rows}x${columns}, but only squares can be fed`);
  const known = agreed(name, 'channels', declaredChannels, channels);
  if (known !== undefined && !isChannels(known)) throw new InputError(`${name}: takes images of ${known} channels, but there are grayscale and RGB ones only`);
  return { name: first.name, channelsLast, batch, channels: known, size: rows ?? columns };
}

/** What the file declares, or else what was asked for; both where they are equal. */
function agreed(name: string, what: string, declared: number | undefined, asked: number | undefined): number | undefined {
  if (declared !== undefined && asked !== undefined && declared !== asked) throw new InputError(`${name}: takes images of ${declared} ${what}, not ${asked}`);
  return declared ?? asked;
}

function outputOf({ outputs }: OnnxModel, asked: string | undefined, name: string): string {
  const names = outputs.map((output) => output.name);
  if (asked === undefined && names.length === 1) return names[0]!;
  if (asked !== undefined && names.includes(asked)) return asked;
  throw new InputError(
    asked === undefined
      ? `${name}: has several outputs, name the one with the features: ${names.join(', ')}`
      : `${name}: has no output ${asked}, but ${names.join(', ')}`,
  );
}

type Prepared = { readonly data: Float32Array; readonly shape: readonly [channels: number, size: number] };

/** Images as a model takes them: resized, in its channels, normalized. */
function preparation(
  input: ImageInput,
  { name, mean = [0], std = [1] }: ModelExtractorOptions,
): (images: ComparableImages & { readonly data: Uint8Array }) => Prepared {
  for (const [what, values] of Object.entries({ mean, std })) {
    if (values.length !== 1 && values.length !== (input.channels ?? 3))
      throw new InputError(`${name}: ${what} has ${values.length} numbers, but needs 1 or one a channel`);
    if (!values.every(Number.isFinite) || (what === 'std' && values.some((value) => value <= 0)))
      throw new InputError(`${name}: ${what} ${values.join(', ')} cannot be used`);
  }
  return ({ shape: [channels, height, width], data }) => {
    const size = input.size ?? height;
    const target = input.channels ?? channels;
    const count = data.length / (channels * height * width);
    const planes = resampleBilinear({ shape: [channels, height, width], data }, size);
    const area = size * size;
    const result = new Float32Array(count * target * area);
    for (let image = 0; image < count; image++) {
      for (let channel = 0; channel < target; channel++) {
        const [center, scale] = [mean[channel] ?? mean[0]!, std[channel] ?? std[0]!];
        for (let pixel = 0; pixel < area; pixel++) {
          const value = (pixelOf(planes, image * channels * area + pixel, area, channels, target, channel) / 255 - center) / scale;
          result[image * target * area + (input.channelsLast ? pixel * target + channel : channel * area + pixel)] = value;
        }
      }
    }
    return { data: result, shape: [target, size] };
  };
}

/** A pixel's value in one channel of a model with `target` channels: grayscale is repeated, RGB is averaged for one. */
function pixelOf(planes: Float32Array, offset: number, area: number, channels: number, target: number, channel: number): number {
  if (channels === target) return planes[offset + channel * area]!;
  if (channels === 1) return planes[offset]!;
  return (planes[offset]! + planes[offset + area]! + planes[offset + 2 * area]!) / 3;
}

const shapeOf = ({ channelsLast }: ImageInput, batch: number, [channels, size]: Prepared['shape']): number[] =>
  channelsLast ? [batch, size, size, channels] : [batch, channels, size, size];

/** Filled up with zeros where the model takes a fixed number of images. */
function padTo(data: Float32Array, batch: number, count: number): Float32Array {
  if (batch === count) return data;
  const whole = new Float32Array((data.length / count) * batch);
  whole.set(data);
  return whole;
}

/** An output [batch, D], or with ones behind, without the rows of what was filled up. */
function rowsOf(
  { shape, data }: { readonly shape: readonly number[]; readonly data: Float32Array },
  output: string,
  count: number,
  batch: number,
  name: string,
): Rows {
  const [rows, width = 0] = shape;
  if (shape.length < 2 || rows !== batch || width < 1 || data.length !== batch * width) {
    throw new InputError(`${name}: its output ${output} is [${shape.join(', ')}] for ${batch} images, but should be [${batch}, D], a row each`);
  }
  return { data: data.subarray(0, count * width), width };
}

function joined(parts: readonly Rows[]): Rows {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let position = 0;
  for (const part of parts) {
    data.set(part.data, position);
    position += part.data.length;
  }
  return { data, width: parts[0]?.width ?? 1 };
}
