import { mapValues } from './graph.js';
import { concat, reshape, slice } from './operators/index.js';
import { type Shape, sizeOf } from './shape.js';
import type { Value } from './value.js';

/** Named tensors in a single vector, which an optimizer updates with a few operators. */
export interface FlatLayout {
  size: number;
  entries: ReadonlyMap<string, FlatEntry>;
}

export interface FlatEntry {
  shape: Shape;
  offset: number;
}

/** Lays out tensors in the order of keys. */
export function flatLayout(shapes: Record<string, Shape>): FlatLayout {
  let size = 0;
  const entries = mapValues(shapes, (shape) => {
    const offset = size;
    size += sizeOf(shape);
    return { shape, offset };
  });
  return { size, entries: new Map(Object.entries(entries)) };
}

/** Returns the symbolic tensors of a vector. */
export function unpack(vector: Value, layout: FlatLayout): Record<string, Value> {
  return mapEntries(layout, ({ shape, offset }) => reshape(slice(vector, 0, offset, offset + sizeOf(shape)), shape));
}

/** Returns the vector of symbolic tensors of a layout. */
export function pack(values: Record<string, Value>, layout: FlatLayout): Value {
  const vectors = [...layout.entries].map(([name, { shape }]) => reshape(values[name]!, [sizeOf(shape)]));
  return concat(vectors, 0);
}

/** Returns tensors as views that share memory. */
export function tensorViews(data: Float32Array, layout: FlatLayout): Record<string, Float32Array> {
  return mapEntries(layout, ({ shape, offset }) => data.subarray(offset, offset + sizeOf(shape)));
}

/**
 * Copies named tensors into a new flat vector.
 * @throws {Error} if a tensor is missing or has the wrong number of elements
 */
export function flattenTensors(tensors: Record<string, Float32Array>, layout: FlatLayout): Float32Array {
  const data = new Float32Array(layout.size);
  for (const [name, { shape, offset }] of layout.entries) {
    const tensor = tensors[name];
    if (tensor?.length !== sizeOf(shape))
      throw new Error(`flat vector: ${name}: expected ${sizeOf(shape)} elements but got ${tensor?.length ?? 'none'}`);
    data.set(tensor, offset);
  }
  return data;
}

const mapEntries = <T>({ entries }: FlatLayout, each: (entry: FlatEntry) => T) =>
  mapValues(Object.fromEntries(entries), each);
