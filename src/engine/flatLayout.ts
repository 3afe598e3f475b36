import { concat, reshape, slice } from './operators/index.js';
import { type Shape, sizeOf } from './shape.js';
import type { Value } from './value.js';

/**
 * Many named tensors laid one after another in a single vector. Optimisers and running statistics then are a few operators on one
 * long vector, and state crosses into the runtime as one tensor instead of dozens.
 */
export interface FlatLayout {
  readonly size: number;
  readonly entries: ReadonlyMap<string, FlatEntry>;
}

export interface FlatEntry {
  readonly shape: Shape;
  readonly offset: number;
}

/** A packing of tensors of these shapes, in the order of the record's keys. */
export function flatLayout(shapes: Readonly<Record<string, Shape>>): FlatLayout {
  let size = 0;
  const entries = new Map<string, FlatEntry>();
  for (const [name, shape] of Object.entries(shapes)) {
    entries.set(name, { shape, offset: size });
    size += sizeOf(shape);
  }
  return { size, entries };
}

/** The tensors inside a packed vector, as symbolic values. */
export function unpack(vector: Value, packing: FlatLayout): Record<string, Value> {
  return mapEntries(packing, (_, { shape, offset }) => reshape(slice(vector, 0, offset, offset + sizeOf(shape)), shape));
}

/** The packed vector of symbolic tensors; every name of the packing must be there. */
export function pack(values: Readonly<Record<string, Value>>, packing: FlatLayout): Value {
  return concat(
    [...packing.entries].map(([name, { shape }]) => reshape(values[name]!, [sizeOf(shape)])),
    0,
  );
}

/** The tensors inside packed data, as views that share its memory. */
export function tensorViews(data: Float32Array, packing: FlatLayout): Record<string, Float32Array> {
  return mapEntries(packing, (_, { shape, offset }) => data.subarray(offset, offset + sizeOf(shape)));
}

/** A new packed vector filled from named tensors. Throws where a name is missing or has another number of elements. */
export function flattenTensors(tensors: Readonly<Record<string, Float32Array>>, packing: FlatLayout): Float32Array {
  const data = new Float32Array(packing.size);
  for (const [name, { shape, offset }] of packing.entries) {
    const tensor = tensors[name];
    if (tensor?.length !== sizeOf(shape)) throw new Error(`packing: ${name} needs ${sizeOf(shape)} elements, got ${tensor?.length ?? 'none'}`);
    data.set(tensor, offset);
  }
  return data;
}

const mapEntries = <T>(packing: FlatLayout, each: (name: string, entry: FlatEntry) => T): Record<string, T> =>
  Object.fromEntries([...packing.entries].map(([name, entry]) => [name, each(name, entry)]));
