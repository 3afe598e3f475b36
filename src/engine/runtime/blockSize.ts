import './telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { graphOf } from '../graph.js';
import { blockedConv } from '../lowering/blocked/nchwc.js';
import { encode } from '../onnx.js';
import { input } from '../value.js';

/** Block sizes that ONNX Runtime's blocked kernels have: 16 with AVX-512, 8 with AVX2. */
const CANDIDATES = [16, 8] as const;

let found: Promise<number | undefined> | undefined;

/**
 * The number of channels in a block of this processor's blocked kernels, or undefined where ONNX Runtime has none or they compute
 * something else than this project expects. It is not documented anywhere at run time, so it is tried once a process.
 */
export const blockSizeOfProcessor = (): Promise<number | undefined> => (found ??= probe());

async function probe(): Promise<number | undefined> {
  for (const block of CANDIDATES) {
    if (await computesInBlocksOf(block)) return block;
  }
  return undefined;
}

/** Whether a 1x1 convolution of one pixel reads its kernel as [block in, block out]: another block size permutes the products or refuses. */
async function computesInBlocksOf(block: number): Promise<boolean> {
  const result = blockedConv(input('x', [1, block, 1, 1]), input('w', [block, block, 1, 1]));
  const x = Float32Array.from({ length: block }, (_, channel) => channel + 1);
  const w = Float32Array.from({ length: block * block }, (_, index) => (index % 7) - 3);
  const expected = Float32Array.from({ length: block }, (_, out) => x.reduce((sum, value, channel) => sum + value * w[channel * block + out]!, 0));
  try {
    const session = await InferenceSession.create(encode(graphOf({ y: result })), { logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor('float32', x, [1, block, 1, 1]), w: new Tensor('float32', w, [block, block, 1, 1]) });
    await session.release();
    return expected.every((value, out) => value === (y!.data as Float32Array)[out]);
  } catch {
    // No such operator, or it refuses this number of channels.
    return false;
  }
}
