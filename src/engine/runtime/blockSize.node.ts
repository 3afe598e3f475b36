import { graphOf } from '../graph.js';
import { blockedConv } from '../lowering/blocked/operators.js';
import type { Target } from '../lowering/lower.js';
import { encode } from '../onnx.js';
import { input } from '../value.js';
import { loadInBinding } from './nodeBinding.node.js';
import { once } from './onnxRuntime.node.js';
import type { Executor, LoadOptions } from './program.js';
import { firstLine } from './session.js';

/** Block sizes of ONNX Runtime's blocked kernels: 16 with AVX-512, 8 with AVX2. */
const CANDIDATES = [16, 8] as const;

export type LoadModel = (model: Uint8Array, options: LoadOptions) => Promise<Executor>;

const loadOnCpu: LoadModel = (model, options) => loadInBinding(model, { device: 'cpu', ...options });

/** Once per process. */
export const blockedKernels = once((load?: LoadModel) => probeBlockedKernels(load ?? loadOnCpu));

export async function targetOf(device: string, load?: LoadModel): Promise<Target> {
  if (device !== 'cpu') return { name: device === 'webgpu' ? 'webgpu' : 'plain' };
  const { block } = await blockedKernels(load);
  return { name: 'cpu', ...(block === undefined ? {} : { block }) };
}

/**
 * Tries each block size, because ONNX Runtime has no function that reports its blocked kernels.
 * @returns the first that computes as expected, and one line for each that failed
 */
export async function probeBlockedKernels(load: LoadModel) {
  const problems: string[] = [];
  for (const block of CANDIDATES) {
    // An error means that the operator does not exist, or rejects this number of channels.
    const problem = await problemWithBlocksOf(block, load).catch(firstLine);
    if (problem === undefined) return { block, problems };
    problems.push(`blocks of ${block}: ${problem}`);
  }
  return { block: undefined, problems };
}

/** Convolves one pixel. Kernels of another block size permute the products, or reject the model. */
async function problemWithBlocksOf(block: number, load: LoadModel) {
  const [x, w] = [input('x', [1, block, 1, 1]), input('w', [block, block, 1, 1])];
  const y = blockedConv(x, w);
  const pixel = Float32Array.from({ length: block }, (_, channel) => channel + 1);
  const kernel = Float32Array.from({ length: block * block }, (_, index) => (index % 7) - 3);
  // The kernel is [block in, block out].
  const expected = pixel.map((_, out) =>
    pixel.reduce((sum, value, channel) => sum + value * kernel[channel * block + out]!, 0),
  );
  const executor = await load(await encode(graphOf({ y })), { threads: 1, optimize: false });
  try {
    const result = await executor.run({ x: { ...x, data: pixel }, w: { ...w, data: kernel } }, { y });
    const computed = result.y as Float32Array;
    return expected.every((value, out) => value === computed[out]) ? undefined : 'channels have a different order';
  } finally {
    await executor.release();
  }
}
