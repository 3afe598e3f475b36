/** The operators over ranks (operators/collective.ts) as custom operators of ONNX Runtime's C API. */
import { messageOf } from '../../errors.js';
import { getOrCreate } from '../graph.js';
import { COLLECTIVE_DOMAIN } from '../operators/collective.js';
import { type Shape, sizeOf } from '../shape.js';
import { ELEMENT_CODES } from '../value.js';
import type { Communicator } from './communicator.js';
import type { Pointer } from './onnxRuntime.node.js';
import type { OrtApi } from './ortApi.node.js';

/** An operator of one float32 input and one float32 output. */
interface Kernel {
  shape: (input: Shape, ranks: number) => Shape;
  compute: (input: Float32Array, output: Float32Array, communicator: Communicator) => void;
}

const KERNELS: Record<string, Kernel> = {
  AllReduceSum: {
    shape: (input) => input,
    compute: (input, output, { allReduceSum }) => allReduceSum(input, output),
  },
  AllGather: {
    shape: ([rows, ...rest], ranks) => [rows! * ranks, ...rest],
    compute: (input, output, { allGather }) => allGather(input, output),
  },
  OwnShare: {
    shape: ([rows, ...rest], ranks) => [rows! / ranks, ...rest],
    compute: (input, output, { rank }) => output.set(input.subarray(rank * output.length, (rank + 1) * output.length)),
  },
};

const domains = new Map<Communicator, Pointer>();

/** The operators of a communicator are created once and never released. */
export const collectiveDomain = (ort: OrtApi, communicator: Communicator) =>
  getOrCreate(domains, communicator, () => {
    const domain = ort.create('CreateCustomOpDomain', COLLECTIVE_DOMAIN);
    for (const [name, kernel] of Object.entries(KERNELS))
      ort.call('CustomOpDomain_Add', domain, customOperator(ort, name, kernel, communicator));
    return domain;
  });

/** Versions of struct OrtCustomOp, and of the operator that it implements. */
const [STRUCT_VERSION, FIRST_VERSION, LAST_VERSION] = [18n, 1, 2 ** 31 - 1];

/** ONNX Runtime's codes of a required operand and of the default memory. */
const [REQUIRED, DEFAULT_MEMORY] = [0, 0];

/** Creates a struct OrtCustomOp (onnxruntime_c_api.h), never freed, because the runtime keeps it. */
function customOperator(ort: OrtApi, name: string, { shape, compute }: Kernel, communicator: Communicator) {
  const { koffi } = ort;
  const callback = (prototype: string, body: (...parameters: never[]) => unknown) =>
    koffi.register(body, koffi.pointer(koffi.proto(prototype)));
  const returns = (type: string, parameters: string, value: unknown) => callback(`${type}(${parameters})`, () => value);
  const count = returns('size_t', 'void *', 1);
  const elementType = returns('int', 'void *, size_t', ELEMENT_CODES.float32);
  const required = returns('int', 'void *, size_t', REQUIRED);
  const one = returns('int', 'void *', 1);
  const nameAddress = encoded(ort, 'uint8', [...new TextEncoder().encode(`${name}\0`)]);
  const computeV2 = callback('void *(void *, void *)', (_kernel: Pointer, context: Pointer): Pointer => {
    try {
      const input = inputOf(ort, context);
      const output = outputOf(ort, context, shape(input.shape, communicator.size));
      compute(input.data, output, communicator);
      return null;
    } catch (error) {
      return ort.failure(messageOf(error));
    }
  });
  return encoded(ort, 'uint64', [
    STRUCT_VERSION,
    // CreateKernel: a kernel has no state, but must not be null.
    returns('void *', 'void *, void *, void *', nameAddress),
    returns('void *', 'void *', nameAddress),
    // GetExecutionProviderType: null stands for the CPU.
    returns('void *', 'void *', null),
    ...[elementType, count, elementType, count],
    // KernelCompute is replaced by KernelComputeV2, which can fail.
    0n,
    callback('void(void *)', () => undefined),
    ...[required, required],
    returns('int', 'void *, size_t', DEFAULT_MEMORY),
    ...[one, one, one, one],
    ...[0n, computeV2, 0n],
    returns('int', 'void *', FIRST_VERSION),
    returns('int', 'void *', LAST_VERSION),
    ...[0n, 0n, 0n, 0n],
  ]);
}

/** The memory stays allocated. */
function encoded({ koffi }: OrtApi, type: string, elements: readonly (number | bigint)[]) {
  const address = koffi.alloc(type, elements.length) as Pointer;
  koffi.encode(address, koffi.array(type, elements.length), elements);
  return address;
}

function inputOf(ort: OrtApi, context: Pointer) {
  const value = ort.create('KernelContext_GetInput', context, 0);
  const info = ort.create('GetTensorTypeAndShape', value);
  try {
    const rank = Number(ort.create('GetDimensionsCount', info));
    const sizes = new BigInt64Array(rank);
    ort.call('GetDimensions', info, sizes, rank);
    const shape = Array.from(sizes, Number);
    return { shape, data: elementsOf(ort, value, shape) };
  } finally {
    ort.release('ReleaseTensorTypeAndShapeInfo', info);
  }
}

function outputOf(ort: OrtApi, context: Pointer, shape: Shape) {
  const sizes = BigInt64Array.from(shape, BigInt);
  return elementsOf(ort, ort.create('KernelContext_GetOutput', context, 0, sizes, shape.length), shape);
}

const elementsOf = (ort: OrtApi, value: Pointer, shape: Shape) =>
  new Float32Array(ort.koffi.view(ort.create('GetTensorMutableData', value), 4 * sizeOf(shape)));
