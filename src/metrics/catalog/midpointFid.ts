import { normalizeInPlace, type Prior } from '../../age/prior.js';
import { distanceFromCodes } from '../../model/paths.js';
import type { Features } from '../../numerics/features.js';
import { type RandomStream, randomStream } from '../../random.js';
import { CONDITIONS } from '../conditions.js';
import type { ContextEntry } from '../metric.js';
import { frechetFeatureDistance } from './fid.js';

export const midpointFid: ContextEntry = {
  group: 'samples',
  metrics: [
    {
      name: 'midpoint_fid',
      meaning: 'Fréchet distance between images and what g makes halfway between the codes of two images',
      better: 'lower',
      range: '0 or more',
      goodValue:
        'the FID of samples; far above it if paths between images lead through codes that belong to no image; MNIST: 8 by default',
      reference:
        'fid of g(m), m the midpoint of the great circle (sphere) or straight line (normal) between random pairs of codes e(x), decoded as `interpolate` does, at their mean distance',
      dependsOn: [
        CONDITIONS.codes,
        CONDITIONS.extractor,
        CONDITIONS.images,
        CONDITIONS.imageCount,
        CONDITIONS.sampleCount,
      ],
    },
  ],
  needs: ['codes', 'features'],
  compute: async (context) => {
    const { model, count, seed } = context.subject;
    const { codes, extracted } = await context.images();
    const { midpoints, distance } = midpointsOf(codes, model.prior, count, randomStream(seed, 'pairs of images'));
    const features = await context.decodedFeatures(midpoints, distance, 'midpoints');
    return { metrics: { midpoint_fid: frechetFeatureDistance(extracted!.features, features) } };
  },
};

/** Codes [count, M] halfway between others, and their mean distance from these, 0 to 1. */
interface Midpoints {
  readonly midpoints: Features;
  readonly distance: number;
}

/**
 * Returns codes halfway between the codes of random pairs of different images: of the great circle on the sphere, of the straight line under
 * the normal prior.
 * @param codes [N, M], at least 2
 */
export function midpointsOf({ data, width }: Features, prior: Prior, count: number, stream: RandomStream): Midpoints {
  const rows = data.length / width;
  const midpoints = new Float32Array(count * width);
  let distance = 0;
  for (let pair = 0; pair < count; pair++) {
    const first = stream.below(rows);
    const second = (first + 1 + stream.below(rows - 1)) % rows;
    const [a, b] = [first, second].map((row) => data.subarray(row * width, (row + 1) * width)) as [
      Features['data'],
      Features['data'],
    ];
    const midpoint = midpoints.subarray(pair * width, (pair + 1) * width);
    for (let index = 0; index < width; index++) midpoint[index] = (a[index]! + b[index]!) / 2;
    if (prior === 'sphere') normalizeInPlace(midpoint);
    distance += distanceFromCodes(midpoint, [a, b]) / count;
  }
  return { midpoints: { data: midpoints, width }, distance };
}
