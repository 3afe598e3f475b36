import { describe, expect, it } from 'vitest';
import { nearestTrainingImages } from '../../../src/metrics/catalog/memorization.js';
import { featuresOf, normalRows } from '../samples.js';

describe('the nearest training images of samples', () => {
  it('are sorted by distance, with the ratio of the median distances', () => {
    const near = nearestTrainingImages(featuresOf([2, 11], 1), featuresOf([4, 4], 1), featuresOf([0, 10, 30], 1));
    expect(near.count).toBe(3);
    expect(Array.from(near.indices)).toEqual([0, 1, 2, 1, 0, 2]);
    expect(Array.from(near.distances)).toEqual([2, 1]);
    expect(near.ratio).toBe(1.5 / 4);
  });

  it('are at distance 0 from copies, and as far as test images from new samples', () => {
    const training = normalRows(800, 4, 1);
    expect(nearestTrainingImages(training, normalRows(400, 4, 2), training).ratio).toBe(0);
    const { ratio } = nearestTrainingImages(normalRows(400, 4, 3), normalRows(400, 4, 2), training);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });
});
