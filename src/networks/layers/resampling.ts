import { reduceMean, resize, sizeOf } from '../../engine/index.js';
import type { Layer } from '../layer.js';

/** The mean over rows and columns: `[C, H, W]` becomes `[C, 1, 1]`. */
export const globalAveragePool = (): Layer => ({
  outputShape: ([channels]) => [channels!, 1, 1],
  forward: (x) => reduceMean(x, [2, 3]),
  flops: sizeOf,
});

/** Nearest-neighbor upsampling: each pixel becomes a block of factor x factor pixels. */
export const upsample = (factor = 2): Layer => ({
  outputShape: ([channels, ...sides]) => [channels!, ...sides.map((side) => factor * side)],
  forward: (x) => resize(x, factor),
  flops: () => 0,
});
