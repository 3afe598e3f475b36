import { describe, expect, it } from 'vitest';
import { distancesOf, scoreSamples } from '../../src/metrics/sampleScores.js';
import { normalRows } from './samples.js';

const options = { seed: 0, metrics: new Set(['fid', 'kid', 'kid_std']) };

describe('scores of samples', () => {
  it('omit the standard deviation of the kernel distance if subsets would be the whole sets, and state how many there were', () => {
    const small = distancesOf(normalRows(200, 3, 1), normalRows(200, 3, 2), options);
    expect(Object.keys(small.metrics)).toEqual(['fid', 'kid']);
    expect(small.subsets).toEqual({ subsets: 1, subsetSize: 200 });
    const { metrics, subsets } = scoreSamples(normalRows(200, 3, 1), { features: normalRows(300, 3, 2) }, options);
    expect(Object.keys(metrics)).toEqual(['fid', 'kid']);
    expect(subsets).toEqual({ subsets: 50, subsetSize: 200 });
  });

  it('have it for sets of more than 1,000 rows', () => {
    const { metrics, subsets } = distancesOf(normalRows(1100, 2, 1), normalRows(1100, 2, 2), options);
    expect(metrics.kid_std).toBeGreaterThan(0);
    expect(subsets).toEqual({ subsets: 50, subsetSize: 1000 });
  });

  it('say nothing of subsets if only other metrics are wanted', () => {
    expect(distancesOf(normalRows(20, 3, 1), normalRows(20, 3, 2), { seed: 0, metrics: new Set(['fid']) })).not.toHaveProperty('subsets');
  });
});
