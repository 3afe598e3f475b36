import { normalizeInPlace, type Prior } from '../age/prior.js';
import type { ImageSource, Split } from '../data/source.js';
import { decodeSafetensors, encodeSafetensors } from '../engine/index.js';
import { InputError, didYouMean, setting, text } from '../errors.js';
import { columnMeans } from '../numerics/features.js';
import { MIN_SINE, tangentAt } from './paths.js';

/** From images without something to images with it. */
export interface Attribute {
  name: string;
  /** Difference of mean codes [M]. */
  direction: Float32Array;
  origin: AttributeOrigin;
}

/** Keys as in its file. */
export interface AttributeOrigin {
  data: string;
  split: string;
  /** As the user named them. */
  with: string;
  without: string;
  count_with: number;
  count_without: number;
  /** The iteration of the encoder's weights, and whether EMA weights were preferred. */
  step: number;
  ema: boolean;
}

/** All classes but one. */
export const REST = 'rest';

/**
 * @param wanted names or numbers of classes; `without` may be `rest`
 * @throws {InputError} if there are no labels, or a class is unknown or has no images in the split
 */
export function imagesByClass(
  source: ImageSource,
  { labels }: Split,
  wanted: { with: string; without: string },
): [indicesWith: number[], indicesWithout: number[]] {
  if (labels === null || source.classes === null)
    throw new InputError(
      source.name,
      'no labels',
      'an attribute needs data with classes, such as one folder per class',
    );
  const label = findClass(source, wanted.with, 'with');
  const other = wanted.without === REST ? undefined : findClass(source, wanted.without, 'without');
  if (label === other)
    throw new InputError(
      text`${setting('without')} ${wanted.without}`,
      text`same class as ${setting('with')}`,
      `choose a different one, or ${REST}`,
    );
  const indices = Array.from(labels.keys());
  const chosen = (key: 'with' | 'without', isChosen: (own: number | undefined) => boolean) => {
    const found = indices.filter((index) => isChosen(labels[index]));
    if (found.length > 0) return found;
    const problem = `no images of this class in this split of ${source.name}`;
    throw new InputError(text`${setting(key)} ${wanted[key]}`, problem);
  };
  return [
    chosen('with', (own) => own === label),
    chosen('without', (own) => (other === undefined ? own !== label : own === other)),
  ];
}

/** By name, else by number. */
function findClass({ name, classes, classNames = [] }: ImageSource, wanted: string, key: string) {
  const named = classNames.indexOf(wanted);
  if (named >= 0) return named;
  const count = classes ?? 0;
  if (/^\d+$/.test(wanted) && Number(wanted) < count) return Number(wanted);
  const numbers = `0 to ${count - 1}`;
  const known =
    classNames.length > 0
      ? `${classNames.slice(0, 20).join(', ')}${classNames.length > 20 ? ' and more' : ''}, or by number ${numbers}`
      : numbers;
  throw new InputError(
    text`${setting(key)} ${wanted}`,
    `unknown class of ${name}${didYouMean(wanted, classNames)}`,
    `choose from ${known}`,
  );
}

/**
 * Subtracts the mean of codes [N', M] from that of codes [N, M].
 * @throws {InputError} if there are none on one side
 */
export function meanDifference(codesWith: Float32Array, codesWithout: Float32Array, latent: number): Float32Array {
  const [meanWith, meanWithout] = [meanOfRows(codesWith, latent, 'with'), meanOfRows(codesWithout, latent, 'without')];
  return Float32Array.from(meanWith, (value, index) => value - meanWithout[index]!);
}

function meanOfRows(codes: Float32Array, latent: number, side: string) {
  if (codes.length === 0) throw new InputError('attribute', `no codes ${side} it`);
  return columnMeans({ data: codes, width: latent });
}

/**
 * On the sphere, code z becomes cos(amount) z + sin(amount) t with the unit tangent t at z towards the direction. Under
 * the normal prior, `amount` times the direction is added.
 * @param codes [N, M]; on the sphere of length 1
 * @param direction [M]; on the sphere of any norm above 0
 * @param amount on the sphere an angle in radians, else a factor
 * @returns codes [N, M]
 * @throws {InputError} if the direction does not fit or the amount is not finite; on the sphere also if the
 *   direction's norm is 0, or a code equals the direction or its opposite
 */
export function moveCodes(prior: Prior, codes: Float32Array, direction: Float32Array, amount: number): Float32Array {
  const latent = direction.length;
  if (latent === 0 || codes.length % latent !== 0)
    throw new InputError('direction', `its ${latent} coordinates do not fit the codes`);
  if (!Number.isFinite(amount)) throw new InputError('amount', `expected a finite number but got ${amount}`);
  if (prior === 'normal') return codes.map((value, index) => value + amount * direction[index % latent]!);
  const unit = direction.slice();
  normalizeInPlace(unit);
  if (!(Math.abs(Math.hypot(...unit) - 1) < 1e-3)) throw new InputError('direction', 'its norm is 0');
  const moved = codes.slice();
  if (amount === 0) return moved;
  const [stay, go] = [Math.cos(amount), Math.sin(amount)];
  for (let start = 0; start < codes.length; start += latent) {
    const code = moved.subarray(start, start + latent);
    const tangent = tangentAt(code, unit);
    const length = Math.hypot(...tangent);
    if (length < MIN_SINE)
      throw new InputError(`code ${start / latent}`, 'equals the direction or its opposite, and cannot move along it');
    for (let index = 0; index < latent; index++) code[index] = stay * code[index]! + (go / length) * tangent[index]!;
  }
  return moved;
}

/** Makes a valid name from any text. */
export function attributeNameOf(text: string): string {
  const name = text.replace(/[^\p{L}\p{N}_.-]+/gu, '-').replace(/^[-.]+/, '');
  const end = Array.from(name).findLastIndex((letter) => letter !== '-') + 1;
  return Array.from(name).slice(0, end).join('') || 'attribute';
}

const FORMAT = 'agenet attribute 2';

/** Encodes a safetensors file with the origin as metadata. */
export function encodeAttribute({ name, direction, origin }: Attribute): Uint8Array {
  const metadata = { format: FORMAT, name, origin: JSON.stringify(origin) };
  return encodeSafetensors({ tensors: { direction: { shape: [direction.length], data: direction } }, metadata });
}

/**
 * @param file its name in messages
 * @throws {InputError} if it is something else, corrupt, or of an older version
 */
export function decodeAttribute(bytes: Uint8Array, file: string): Attribute {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const { format, name, origin } = metadata;
  const direction = tensors.direction;
  const remedy = 'recreate it with agenet attribute';
  if (format !== FORMAT || name === undefined || origin === undefined || direction?.shape.length !== 1) {
    throw new InputError(file, 'not an attribute of this version of agenet', remedy);
  }
  if (!direction.data.every(Number.isFinite))
    throw new InputError(file, 'the direction has NaN or infinite values', remedy);
  try {
    return { name, direction: direction.data, origin: JSON.parse(origin) as AttributeOrigin };
  } catch {
    throw new InputError(file, 'corrupt metadata', remedy);
  }
}
