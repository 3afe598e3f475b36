/** Tensors of a file: weights as they are, all others by their elements. */
import type { TensorProto } from 'onnx-buf';
import { ShapeError, sizeOf } from '../shape.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './halfPrecision.js';
import {
  type Budget,
  fill,
  type FloatType,
  isFloat,
  type Known,
  numberTypeOf,
  type NumberType,
  requireShape,
} from './known.js';

/** Bytes of external data by location. */
export type ExternalData = Readonly<Record<string, Uint8Array>>;

/** TensorProto.DataLocation of data in another file. */
const EXTERNAL = 1;

const BYTES: Record<NumberType, number> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  bfloat16: 2,
};

type Reader = (view: DataView, offset: number) => number | bigint;

const READERS: Record<NumberType, Reader> = {
  float32: (view, offset) => view.getFloat32(offset, true),
  float64: (view, offset) => view.getFloat64(offset, true),
  float16: (view, offset) => fromFloat16(view.getUint16(offset, true)),
  bfloat16: (view, offset) => fromBfloat16(view.getUint16(offset, true)),
  uint8: (view, offset) => BigInt(view.getUint8(offset)),
  int8: (view, offset) => BigInt(view.getInt8(offset)),
  uint16: (view, offset) => BigInt(view.getUint16(offset, true)),
  int16: (view, offset) => BigInt(view.getInt16(offset, true)),
  int32: (view, offset) => BigInt(view.getInt32(offset, true)),
  int64: (view, offset) => view.getBigInt64(offset, true),
  uint32: (view, offset) => BigInt(view.getUint32(offset, true)),
  bool: (view, offset) => BigInt(view.getUint8(offset)),
};

export const shapeOf = ({ dims }: TensorProto) => requireShape(dims.map(Number));

/** Reads elements, as numbers or bigints. @throws {ShapeError} if they do not fill the shape */
function elementsOf(tensor: TensorProto, external: ExternalData) {
  const type = numberTypeOf(tensor.dataType);
  const size = sizeOf(shapeOf(tensor));
  const bytes = bytesOf(tensor, external);
  const packed = bytes === undefined ? packedElements(tensor, type) : undefined;
  const given = packed?.length ?? bytes!.length / BYTES[type];
  if (given !== size) throw new ShapeError(`has ${given} elements, but its shape has ${size}`);
  if (packed) return { type, size, at: (index: number) => packed[index]! };
  const view = new DataView(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength);
  const read = READERS[type];
  return { type, size, at: (index: number) => read(view, index * BYTES[type]) };
}

/** Undefined if elements are in one of the typed lists. */
const bytesOf = (tensor: TensorProto, external: ExternalData) =>
  isExternal(tensor) ? externalBytes(tensor, external) : tensor.rawData.length > 0 ? tensor.rawData : undefined;

export const isExternal = ({ dataLocation }: TensorProto) => (dataLocation as number) === EXTERNAL;

/** @throws {ShapeError} if they are not among the given data */
export function externalBytes({ externalData }: TensorProto, external: ExternalData) {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  const bytes = Object.hasOwn(external, location) ? external[location]! : undefined;
  if (bytes === undefined)
    throw new ShapeError(`is in the file ${JSON.stringify(location)}; pass its bytes as externalData`);
  const start = Number(entries.get('offset') ?? 0);
  const length = Number(entries.get('length') ?? bytes.length - start);
  if (![start, length].every((each) => Number.isSafeInteger(each) && each >= 0) || start + length > bytes.length)
    throw new ShapeError(`reads beyond the ${bytes.length} bytes of ${JSON.stringify(location)}`);
  return bytes.subarray(start, start + length);
}

function packedElements({ floatData, doubleData, int64Data, int32Data, uint64Data }: TensorProto, type: NumberType) {
  if (type === 'float32') return floatData;
  if (type === 'float64') return doubleData;
  if (type === 'int64') return int64Data;
  if (type === 'uint32') return uint64Data;
  if (type === 'float16') return int32Data.map(fromFloat16);
  return type === 'bfloat16' ? int32Data.map(fromBfloat16) : int32Data.map(BigInt);
}

/** Reads a tensor of a floating-point type as float32. */
export function readWeights(tensor: TensorProto, external: ExternalData): Float32Array {
  const { size, at } = elementsOf(tensor, external);
  const weights = new Float32Array(size);
  for (let index = 0; index < size; index++) weights[index] = Number(at(index));
  return weights;
}

export function readKnown(tensor: TensorProto, external: ExternalData, budget: Budget): Known {
  const { type, at } = elementsOf(tensor, external);
  return fill(budget.allocate(type, shapeOf(tensor)), at);
}

const WRITERS: Record<FloatType, (view: DataView, offset: number, element: number) => void> = {
  float32: (view, offset, element) => view.setFloat32(offset, element, true),
  float64: (view, offset, element) => view.setFloat64(offset, element, true),
  float16: (view, offset, element) => view.setUint16(offset, toFloat16(element), true),
  bfloat16: (view, offset, element) => view.setUint16(offset, toBfloat16(element), true),
};

/** Returns elements as bytes of a floating-point type. */
export function encodeWeights(type: NumberType, weights: Float32Array): Uint8Array<ArrayBuffer> {
  if (!isFloat(type)) throw new ShapeError(`has the type ${type}, not a floating-point one`);
  const view = new DataView(new ArrayBuffer(weights.length * BYTES[type]));
  weights.forEach((element, index) => WRITERS[type](view, index * BYTES[type], element));
  return new Uint8Array(view.buffer);
}
