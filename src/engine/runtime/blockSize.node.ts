/** The lowering target that suits a device, and the CPU's blocked kernels. */
import { encode } from '../onnx.js';
import { graphOf } from '../graph.js';
import { blockedConv } from '../lowering/blocked/operators.js';
import type { Target } from '../lowering/lower.js';
import { input } from '../value.js';
import { loadOnnxRuntime, once } from './onnxRuntime.node.js';
import { firstLine } from './session.js';

/** Block sizes that ONNX Runtime's blocked kernels have: 16 with AVX-512, 8 with AVX2. */
const CANDIDATES = [16, 8] as const;

/** The result of probing blocked kernels. */
export interface BlockedKernels {
  /** The channels of a block; undefined if no kernels compute as expected. */
  readonly block: number | undefined;
  /** Why a block size is not used, one line for each that failed. */
  readonly problems: readonly string[];
}

/** Probes this CPU's blocked kernels, once per process, because ONNX Runtime has no function that reports them. */
export const blockedKernels = once(() => probe());

/** The channels of a block of this CPU's blocked kernels, or undefined if it has none to use. */
export const detectBlockSize = once(async () => (await blockedKernels()).block);

/** Returns the target that suits a device best. */
export async function targetOf(device: string): Promise<Target> {
  if (device !== 'cpu') return { name: device === 'webgpu' ? 'webgpu' : 'plain' };
  const block = await detectBlockSize();
  return { name: 'cpu', ...(block === undefined ? {} : { block }) };
}

async function probe(): Promise<BlockedKernels> {
  const problems: string[] = [];
  for (const block of CANDIDATES) {
    const problem = await problemWithBlocksOf(block);
    if (problem === undefined) return { block, problems };
    problems.push(`blocks of ${block}: ${problem}`);
  }
  return { block: undefined, problems };
}

/**
 * Returns why a block size cannot be used, or undefined. A 1x1 convolution of one pixel must read its kernel as [block in, block out]: kernels of
 * a different block size permute the products, or reject the model.
 */
async function problemWithBlocksOf(block: number): Promise<string | undefined> {
  const result = blockedConv(input('x', [1, block, 1, 1]), input('w', [block, block, 1, 1]));
  const x = Float32Array.from({ length: block }, (_, channel) => channel + 1);
  const w = Float32Array.from({ length: block * block }, (_, index) => (index % 7) - 3);
  const expected = Float32Array.from({ length: block }, (_, out) => x.reduce((sum, value, channel) => sum + value * w[channel * block + out]!, 0));
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  try {
    const session = await InferenceSession.create(await encode(graphOf({ y: result })), { logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor('float32', x, [1, block, 1, 1]), w: new Tensor('float32', w, [block, block, 1, 1]) });
    await session.release();
    return expected.every((value, out) => value === (y!.data as Float32Array)[out]) ? undefined : 'channels have a different order';
  } catch (error) {
    // The operator does not exist, or rejects this number of channels.
    return firstLine(error);
  }
}
