import { normalizeInPlace, type Prior } from '../../age/prior.js';
import { distanceFromCodes } from '../../model/paths.js';
import { type Features, rowsIn } from '../../numerics/features.js';
import { type RandomStream, randomStream } from '../../random.js';
import type { ContextEntry } from '../metric.js';
import { frechetFeatureDistance } from './fid.js';

export const midpointFid: ContextEntry = {
  group: 'samples',
  dependsOn: ['codes', 'extractor', 'images', 'imageCount', 'sampleCount'],
  metrics: {
    midpoint_fid: {
      meaning: 'Fréchet distance between images and what g makes halfway between the codes of two images',
      better: 'lower',
      range: '0 or more',
      goodValue:
        'the FID of samples; far above it if paths between images lead through codes that belong to no image; MNIST: 8 by default',
      reference:
        'fid of g(m), m the midpoint of the great circle (sphere) or straight line (normal) between random pairs of codes e(x), decoded as `interpolate` does, at their mean distance',
    },
  },
  needs: ['codes', 'features'],
  compute: async (context) => {
    const { model, count, seed } = context.subject;
    const { codes, extracted } = await context.images();
    const stream = randomStream(seed, 'pairs of images');
    const { midpoints, distance, from } = midpointsOf(codes, model.prior, count, stream);
    const features = await context.decodedFeatures(midpoints, distance, 'midpoints', from);
    return { metrics: { midpoint_fid: frechetFeatureDistance(extracted!.features, features) } };
  },
};

/** Between random pairs of different codes, the first in rows `from`, whose mean distance from these is 0 to 1. */
export function midpointsOf(codes: Features, prior: Prior, count: number, stream: RandomStream) {
  const { data, width } = codes;
  const rows = rowsIn(codes);
  const rowAt = (row: number) => data.subarray(row * width, (row + 1) * width);
  const midpoints = new Float32Array(count * width);
  const from = new Uint32Array(count);
  let distance = 0;
  for (let pair = 0; pair < count; pair++) {
    const first = stream.below(rows);
    from[pair] = first;
    const [a, b] = [rowAt(first), rowAt((first + 1 + stream.below(rows - 1)) % rows)];
    const midpoint = midpoints.subarray(pair * width, (pair + 1) * width);
    for (let index = 0; index < width; index++) midpoint[index] = (a[index]! + b[index]!) / 2;
    if (prior === 'sphere') normalizeInPlace(midpoint);
    distance += distanceFromCodes(midpoint, [a, b]) / count;
  }
  return { midpoints: { data: midpoints, width }, distance, from };
}
