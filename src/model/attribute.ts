import { decodeSafetensors, encodeSafetensors } from '../engine/index.js';
import { InputError } from '../errors.js';

/** A direction among the codes of a run, and what it was computed from. */
export interface Attribute {
  readonly name: string;
  /** Mean code with the attribute minus mean code without it [M]. */
  readonly direction: Float32Array;
  readonly origin: AttributeOrigin;
}

/** Where an attribute comes from. */
export interface AttributeOrigin {
  /** What the user called the data, and the part of them. */
  readonly data: string;
  readonly split: string;
  /** The classes, as messages call them. */
  readonly with: string;
  readonly without: string;
  /** How many images there were of them. */
  readonly countWith: number;
  readonly countWithout: number;
  /** The iteration of the weights that encoded, and whether these were the raw ones rather than their averages. */
  readonly step: number;
  readonly raw: boolean;
}

const FORMAT = 'agenet attribute 1';

/** The bytes of a safetensors file with the tensor `direction`; its metadata say where it comes from. */
export function encodeAttribute({ name, direction, origin }: Attribute): Uint8Array {
  const metadata = { format: FORMAT, name, origin: JSON.stringify(origin) };
  return encodeSafetensors({ tensors: { direction: { shape: [direction.length], data: direction } }, metadata });
}

/**
 * Reads what `encodeAttribute` wrote.
 * @param file what messages call it
 * @throws InputError for anything else, and for damaged files
 */
export function decodeAttribute(bytes: Uint8Array, file: string): Attribute {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const { format, name, origin } = metadata;
  const direction = tensors.direction;
  if (format !== FORMAT || name === undefined || origin === undefined || direction?.shape.length !== 1) {
    throw new InputError(`${file}: not an attribute of this program; make it anew with agenet attribute`);
  }
  if (!direction.data.every(Number.isFinite)) throw new InputError(`${file}: the direction is not finite; make it anew with agenet attribute`);
  return { name, direction: direction.data, origin: parseOrigin(origin, file) };
}

function parseOrigin(text: string, file: string): AttributeOrigin {
  try {
    return JSON.parse(text) as AttributeOrigin;
  } catch {
    throw new InputError(`${file}: its metadata are damaged; make it anew with agenet attribute`);
  }
}
