import './telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { graphOf } from '../graph.js';
import { blockedConv } from '../lowering/blocked/nchwc.js';
import { encode } from '../onnx.js';
import { input } from '../value.js';
import { once } from './once.js';

/** Block sizes that ONNX Runtime's blocked kernels have: 16 with AVX-512, 8 with AVX2. */
const CANDIDATES = [16, 8] as const;

/** What trying blocked kernels found. */
export interface BlockedKernels {
  /** The channels of a block; undefined if there are no kernels that compute as expected. */
  readonly block: number | undefined;
  /** Why a block size is not used, for each that was tried in vain. */
  readonly problems: readonly string[];
}

/** Tries this processor's blocked kernels, once per process, since nothing documents them at run time. */
export const blockedKernels = once(() => probe());

/** The number of channels in a block of this processor's blocked kernels, or undefined if there are none to use. */
export const detectBlockSize = once(async () => (await blockedKernels()).block);

async function probe(): Promise<BlockedKernels> {
  const problems: string[] = [];
  for (const block of CANDIDATES) {
    const problem = await problemWithBlocksOf(block);
    if (problem === undefined) return { block, problems };
    problems.push(`blocks of ${block}: ${problem}`);
  }
  return { block: undefined, problems };
}

/** Why a block size cannot be used, or undefined: whether a 1x1 convolution of one pixel reads its kernel as [block in, block out]: another block size permutes the products or refuses. */
async function problemWithBlocksOf(block: number): Promise<string | undefined> {
  const result = blockedConv(input('x', [1, block, 1, 1]), input('w', [block, block, 1, 1]));
  const x = Float32Array.from({ length: block }, (_, channel) => channel + 1);
  const w = Float32Array.from({ length: block * block }, (_, index) => (index % 7) - 3);
  const expected = Float32Array.from({ length: block }, (_, out) => x.reduce((sum, value, channel) => sum + value * w[channel * block + out]!, 0));
  try {
    const session = await InferenceSession.create(encode(graphOf({ y: result })), { logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor('float32', x, [1, block, 1, 1]), w: new Tensor('float32', w, [block, block, 1, 1]) });
    await session.release();
    return expected.every((value, out) => value === (y!.data as Float32Array)[out]) ? undefined : 'channels are ordered otherwise';
  } catch (error) {
    // No such operator, or it refuses this number of channels.
    return String(error instanceof Error ? error.message : error).split('\n')[0]!;
  }
}
