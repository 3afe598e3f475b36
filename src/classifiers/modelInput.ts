import type { TensorInfo } from '../engine/index.js';
import { InputError } from '../errors.js';

/** How an external ONNX model receives images. */
export interface ModelInputOptions {
  /** Name of the model in messages and results. */
  name: string;
  /** Side length of the input in pixels (default: as declared in the file, else that of the images). */
  size?: number | undefined;
  /** Channels of the input (default: as declared in the file). Grayscale is repeated; RGB is averaged. */
  channels?: number | undefined;
  /** Subtracted from pixels in [0, 1]; one value, or one per channel (default: 0). */
  mean?: readonly number[] | undefined;
  /** Divisor after the subtraction; one value, or one per channel (default: 1). */
  std?: readonly number[] | undefined;
}

/**
 * Sizes that neither the file nor an option sets are undefined.
 * @throws {InputError} unless the model has one image input, whose sizes agree with the options
 */
export function imageInputOf(inputs: readonly TensorInfo[], { name, size, channels }: ModelInputOptions) {
  const [first] = inputs;
  const shown = inputs.map((input) => `${input.name} ${input.type} [${input.shape.join(', ')}]`).join('; ');
  if (first === undefined || inputs.length > 1 || first.type !== 'float32' || first.shape.length !== 4)
    throw new InputError(name, `expected one image input, float32 [N, C, H, W], but got ${shown || 'none'}`);
  const [batch, ...sizes] = first.shape.map((each) => (typeof each === 'number' && each > 0 ? each : undefined));
  const isChannels = (value: number | undefined) => value === 1 || value === 3;
  const channelsLast = isChannels(sizes[2]) && !isChannels(sizes[0]);
  const [declaredChannels, height, width] = channelsLast ? [sizes[2], sizes[0], sizes[1]] : sizes;
  const declaredOr = (requested: number | undefined, declared: number | undefined, what: string) => {
    if (declared !== undefined && requested !== undefined && declared !== requested)
      throw new InputError(name, `the input has ${declared} ${what}, not ${requested}`);
    return declared ?? requested;
  };
  const rows = declaredOr(size, height, 'rows');
  const columns = declaredOr(size, width, 'columns');
  if (rows !== columns && rows !== undefined && columns !== undefined)
    throw new InputError(name, `expected a square input, but got ${rows}x${columns}`);
  const known = declaredOr(channels, declaredChannels, 'channels');
  if (known !== undefined && !isChannels(known))
    throw new InputError(name, `expected an input of 1 or 3 channels, but got ${known}`);
  return { name: first.name, channelsLast, batch, channels: known, size: rows ?? columns };
}

export type ImageInput = ReturnType<typeof imageInputOf>;

/**
 * @param channels of the model's input (default: 3)
 * @throws {InputError} unless mean and std are finite, and one value or one per channel
 */
export function requireNormalization({ name, mean = [0], std = [1] }: ModelInputOptions, channels = 3): void {
  for (const [what, values] of Object.entries({ mean, std })) {
    if (values.length !== 1 && values.length !== channels)
      throw new InputError(name, `expected one ${what} value or one per channel, but got ${values.length}`);
    if (!values.every(Number.isFinite) || (what === 'std' && values.some((value) => value <= 0)))
      throw new InputError(
        name,
        `${what} must be finite${what === 'std' ? ' and above 0' : ''}, but is ${values.join(', ')}`,
      );
  }
}
