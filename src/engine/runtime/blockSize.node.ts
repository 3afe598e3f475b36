/** The lowering target that suits a device, and the CPU's blocked kernels. */
import { encode } from '../onnx.js';
import { graphOf } from '../graph.js';
import { blockedConv } from '../lowering/blocked/operators.js';
import type { Target } from '../lowering/lower.js';
import { input } from '../value.js';
import { loadInBinding } from './nodeBinding.node.js';
import { once } from './onnxRuntime.node.js';
import type { Executor, LoadOptions } from './program.js';
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

/** Loads a model into a runtime. */
export type LoadModel = (model: Uint8Array, options: LoadOptions) => Promise<Executor>;

const loadOnCpu: LoadModel = (model, options) => loadInBinding(model, { device: 'cpu', ...options });

/**
 * Probes this CPU's blocked kernels, once per process, because ONNX Runtime has no function that reports them.
 * @param load loads the models that are tried (default: through the Node binding)
 */
export const blockedKernels = once((load?: LoadModel) => probe(load ?? loadOnCpu));

/** The channels of a block of this CPU's blocked kernels, or undefined if it has none to use. */
export const detectBlockSize = once(async (load?: LoadModel) => (await blockedKernels(load)).block);

/** Returns the target that suits a device best. */
export async function targetOf(device: string, load?: LoadModel): Promise<Target> {
  if (device !== 'cpu') return { name: device === 'webgpu' ? 'webgpu' : 'plain' };
  const block = await detectBlockSize(load);
  return { name: 'cpu', ...(block === undefined ? {} : { block }) };
}

async function probe(load: LoadModel): Promise<BlockedKernels> {
  const problems: string[] = [];
  for (const block of CANDIDATES) {
    const problem = await problemWithBlocksOf(block, load);
    if (problem === undefined) return { block, problems };
    problems.push(`blocks of ${block}: ${problem}`);
  }
  return { block: undefined, problems };
}

/**
 * Returns why a block size cannot be used, or undefined. A 1x1 convolution of one pixel must read its kernel as [block in, block out]: kernels of
 * a different block size permute the products, or reject the model.
 */
async function problemWithBlocksOf(block: number, load: LoadModel): Promise<string | undefined> {
  const [x, w] = [input('x', [1, block, 1, 1]), input('w', [block, block, 1, 1])];
  const y = blockedConv(x, w);
  const pixel = Float32Array.from({ length: block }, (_, channel) => channel + 1);
  const kernel = Float32Array.from({ length: block * block }, (_, index) => (index % 7) - 3);
  const expected = Float32Array.from({ length: block }, (_, out) =>
    pixel.reduce((sum, value, channel) => sum + value * kernel[channel * block + out]!, 0),
  );
  try {
    const executor = await load(await encode(graphOf({ y })), { threads: 1, optimize: false });
    const result = await executor.run({ x: { ...x, data: pixel }, w: { ...w, data: kernel } }, { y });
    await executor.release();
    return expected.every((value, out) => value === (result.y as Float32Array)[out])
      ? undefined
      : 'channels have a different order';
  } catch (error) {
    // The operator does not exist, or rejects this number of channels.
    return firstLine(error);
  }
}
