import { gatherImages } from '../../data/source.js';
import { sizeOf } from '../../engine/index.js';
import { type Features, medianOf, rowsIn } from '../../numerics/features.js';
import { nearestRows } from '../../numerics/nearestRows.js';
import type { EvaluationContext } from '../evaluationContext.js';
import { type ContextEntry, type GridImages, protocolValue } from '../metric.js';

const QUERIES = 500;
const NEIGHBORS = 5;
/** Samples in the grid, and per row. */
const [SHOWN, PER_ROW] = [24, 2];

export const memorization: ContextEntry = {
  group: 'memorization',
  dependsOn: [
    'extractor',
    'trainingSet',
    'heldOutSet',
    'refinement',
    protocolValue('searched rows', (protocol) => protocol.memorization),
  ],
  metrics: {
    memorization_ratio: {
      meaning:
        'median feature distance of a sample to its nearest training image, divided by that of a test image; near 0 if training images are copied',
      better: 'higher',
      range: '0 or more',
      goodValue: '1 if samples are as far from the training images as test images are; 0 if they are copies',
      reference:
        'ratio of the medians of the Euclidean distances to the nearest training image, for 500 samples and 500 test images',
    },
  },
  needs: ['trainingFeatures'],
  compute: async (context) => {
    const test = await context.testFeatures();
    const training = await context.trainingFeatures();
    const samples = await context.samples();
    if (test === undefined) return { metrics: {} };
    const near = nearestTrainingImages(samples.extracted!.features, test, training.features);
    const counts = {
      samples: near.distances.length,
      held_out: Math.min(QUERIES, rowsIn(test)),
      training: rowsIn(training.features),
    };
    const nearest = nearestGrid(near, samples.images, training.indices, context);
    return { metrics: { memorization_ratio: near.ratio }, protocol: { memorization: counts }, grids: { nearest } };
  },
};

/**
 * Returns, of the first 500 samples, training images [samples, count], nearest first, and distances [samples] of the
 * nearest.
 */
export function nearestTrainingImages(samples: Features, heldOut: Features, training: Features) {
  const count = Math.min(NEIGHBORS, rowsIn(training));
  const near = nearestRows(firstRows(samples), training, count);
  const distances = Float64Array.from({ length: near.indices.length / count }, (_, row) =>
    Math.sqrt(near.squaredDistances[row * count]!),
  );
  const ofHeldOut = nearestRows(firstRows(heldOut), training, 1).squaredDistances.map(Math.sqrt);
  const [ofSample, ofImage] = [medianOf(distances), medianOf(ofHeldOut)];
  // Both are 0 if all images are equal.
  return { ratio: ofSample === ofImage ? 1 : ofSample / ofImage, indices: near.indices, count, distances };
}

const firstRows = ({ data, width }: Features) => ({ data: data.subarray(0, QUERIES * width), width });

/** Shows the samples nearest to training images, each followed by its nearest ones. */
function nearestGrid(
  near: ReturnType<typeof nearestTrainingImages>,
  samples: Uint8Array,
  trainingIndices: Uint32Array,
  { shape, subject }: EvaluationContext,
): GridImages {
  const bytes = sizeOf(shape);
  const shown = Array.from(near.distances.keys())
    .sort((a, b) => near.distances[a]! - near.distances[b]!)
    .slice(0, SHOWN);
  const data = new Uint8Array(shown.length * (near.count + 1) * bytes);
  shown.forEach((sample, row) => {
    const start = row * (near.count + 1) * bytes;
    data.set(samples.subarray(sample * bytes, (sample + 1) * bytes), start);
    const neighbors = near.indices.subarray(sample * near.count, (sample + 1) * near.count);
    const indices = neighbors.map((neighbor) => trainingIndices[neighbor]!);
    gatherImages(subject.source.train, indices, bytes, data.subarray(start + bytes));
  });
  return { images: { shape, count: data.length / bytes, data }, columns: PER_ROW * (near.count + 1) };
}
