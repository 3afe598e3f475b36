/** Tensors whose elements are known during import: shapes, indices, masks. */
import { ShapeError, type Shape, showShape, sizeOf } from '../shape.js';
import { constantTensor, type ConstantValue } from '../value.js';

/** TensorProto.DataType. */
const TYPE_CODES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  bfloat16: 16,
} as const;
export type NumberType = keyof typeof TYPE_CODES;
const TYPES = new Map<number, NumberType>(Object.entries(TYPE_CODES).map(([type, code]) => [code, type as NumberType]));

/** Elements of floating-point types are numbers, all others bigints. */
export interface Known {
  type: NumberType;
  shape: Shape;
  data: Float64Array | BigInt64Array;
}

export type FloatType = 'float16' | 'bfloat16' | 'float32' | 'float64';
export const isFloat = (type: NumberType): type is FloatType => type.includes('float');

export const typeName = (code: number): string => TYPES.get(code) ?? `type ${code}`;

/** @throws {ShapeError} if the type has no numbers, such as strings, or too many bits */
export function numberTypeOf(code: number): NumberType {
  const type = TYPES.get(code);
  if (type === undefined) throw new ShapeError(`has elements of an unsupported type (number ${code} in ONNX)`);
  return type;
}

const MAX_RANK = 12;
/** Of all known tensors of a file: 256 MiB. */
const MAX_ELEMENTS = 2 ** 25;
/** ONNX Runtime computes no larger tensor on a GPU. */
const MAX_SYMBOLIC_ELEMENTS = 2 ** 31;

/** @throws {ShapeError} if a shape of a file is negative, or larger than any machine computes */
export function requireShape(shape: Shape) {
  if (shape.length > MAX_RANK) throw new ShapeError(`has ${shape.length} axes, more than ${MAX_RANK}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw new ShapeError(`has the impossible shape ${showShape(shape)}`);
  if (sizeOf(shape) > MAX_SYMBOLIC_ELEMENTS)
    throw new ShapeError(`has the shape ${showShape(shape)}, more than ${MAX_SYMBOLIC_ELEMENTS} elements`);
  return shape;
}

/** Limits the memory of known tensors: a few bytes of a file could ask for any amount. */
export class Budget {
  private left = MAX_ELEMENTS;

  /** Creates a tensor of zeros. */
  allocate(type: NumberType, shape: Shape): Known {
    const size = this.charge(sizeOf(requireShape(shape)));
    return { type, shape, data: isFloat(type) ? new Float64Array(size) : new BigInt64Array(size) };
  }

  /** Counts constants that a builder makes. */
  charge(size: number): number {
    if (!(size <= this.left))
      throw new ShapeError(`needs a constant of ${size} elements, but constants may have ${MAX_ELEMENTS} in all`);
    this.left -= size;
    return size;
  }
}

const BITS: Partial<Record<NumberType, number>> = { int8: 8, int16: 16, int32: 32, int64: 64 };
const UNSIGNED_BITS: Partial<Record<NumberType, number>> = { uint8: 8, uint16: 16, uint32: 32 };

/** Returns the element of a type that is nearest to a result, or has its last bits. */
function rounded(type: NumberType, element: number | bigint): number | bigint {
  if (type === 'float32' || type === 'float16' || type === 'bfloat16') return Math.fround(Number(element));
  if (type === 'float64') return Number(element);
  if (type === 'bool') return element === 0n || element === 0 ? 0n : 1n;
  const whole = typeof element === 'bigint' ? element : toInteger(element);
  return BITS[type] === undefined ? BigInt.asUintN(UNSIGNED_BITS[type]!, whole) : BigInt.asIntN(BITS[type], whole);
}

function toInteger(element: number) {
  if (!Number.isFinite(element)) throw new ShapeError(`cannot convert ${element} to an integer`);
  return BigInt(Math.trunc(element));
}

/** Fills a tensor, rounding to its type. */
export function fill(known: Known, element: (index: number) => number | bigint): Known {
  const { type, data } = known;
  for (let index = 0; index < data.length; index++) data[index] = rounded(type, element(index));
  return known;
}

/** Elements as numbers. Larger integers, such as the end of a slice to the end of an axis, lose their last bits. */
export const numbersOf = ({ data }: Known): number[] => Array.from<number | bigint, number>(data, Number);

/** The engine's arithmetic is float32, its indices int64. */
export function engineTypeOf(type: NumberType): 'float32' | 'int64' | 'bool' | 'uint8' {
  if (isFloat(type)) return 'float32';
  return type === 'bool' || type === 'uint8' ? type : 'int64';
}

export function constantOf({ type: given, shape, data }: Known): ConstantValue {
  const type = engineTypeOf(given);
  if (type === 'float32') return constantTensor({ type, shape, data: Float32Array.from(data as Float64Array) });
  if (type === 'int64') return constantTensor({ type, shape, data: data as BigInt64Array });
  return constantTensor({ type, shape, data: Uint8Array.from(data as BigInt64Array, Number) });
}
