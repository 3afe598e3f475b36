import { describe, expect, it } from 'vitest';
import { cautionsFor, showEvaluation } from '../../src/cli/metricTables.js';

const evaluation = (metrics: Record<string, number>, images: number, reference?: Record<string, number>) => ({
  metrics,
  protocol: {
    data: 'mnist',
    split: 'test',
    images,
    samples: 10_000,
    seed: 0,
    ...(reference && { train_test_reference: { metrics: reference } }),
  },
});

describe('an evaluation on a terminal', () => {
  it('states how far values are from their references', () => {
    const lines: string[] = [];
    showEvaluation(evaluation({ fid: 1911, kid: 0.02 }, 10_000, { fid: 1.9, kid: 0.015 }), (line) => lines.push(line));
    expect(lines.join('\n')).toMatch(/fid +1911 .*reference \(train vs. test images\): 1\.900, 1,006 times smaller\n/);
    expect(lines.join('\n')).toMatch(/kid +0\.02000 .*images\): 0\.01500$/);
  });

  it('warns of few images, and of values without a meaning', () => {
    expect(cautionsFor(evaluation({ fid: 5 }, 10_000, { fid: 2 }))).toEqual([]);
    expect(cautionsFor(evaluation({ psnr: 20 }, 4))).toEqual([]);
    expect(cautionsFor(evaluation({ fid: 5, kid: 1 }, 4))).toEqual([
      '4 images are few: fid, kid depend on chance; evaluate with 1000 or more of both',
    ]);
    expect(cautionsFor(evaluation({ fid: 1911, kid: 38087 }, 10_000, { fid: 1.9, kid: -0.01 }))).toEqual([
      expect.stringMatching(/^fid and kid are over 100 times the reference .* do not rank models$/),
    ]);
  });
});
