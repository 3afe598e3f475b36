import { describe, expect, it } from 'vitest';
import { codeDivergence } from '../../../src/metrics/catalog/divergence.js';

describe('the divergence metric', () => {
  it('has no gap above a lower bound with the nearest-code divergence', () => {
    const names = (divergence: 'qp' | 'nearest') =>
      Object.entries(codeDivergence.metrics)
        .filter(([, { isDefinedFor }]) => isDefinedFor?.({ prior: 'sphere', divergence }) ?? true)
        .map(([name]) => name);
    expect(names('qp')).toEqual(['divergence_real', 'divergence_fake', 'divergence_gap_real', 'divergence_gap_fake']);
    expect(names('nearest')).toEqual(['divergence_real', 'divergence_fake']);
  });
});
