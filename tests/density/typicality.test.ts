import { describe, expect, it } from 'vitest';
import { type CodeDensity, drawSampleCodes } from '../../src/density/codeDensity.js';
import { fitDensity } from '../../src/density/fitDensity.js';
import { fitTypicality, logDensities } from '../../src/density/typicality.js';
import { randomStream } from '../../src/random.js';
import { drawCodes } from '../../src/age/prior.js';
import { expectWithin } from '../expectWithin.js';
import { groupedCodes, rowsOf, SIZE } from './codes.js';

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value / values.length, 0);

/** Two Gaussians in the plane; a class moves them, and makes the second more probable. */
const plane: CodeDensity = {
  logShares: Float32Array.of(Math.log(0.3), Math.log(0.7)),
  means: Float32Array.of(-1, 0, 1, 1),
  factors: Float32Array.of(0.5, 0, 0.2, 0.4, 0.3, 0, -0.1, 0.6),
  slopes: Float32Array.of(0.5, 0, 0, 0.5, 0, 0),
  logLikelihoods: Float32Array.of(-2, -0.1, 0, -0.2, -1, 0),
  predictor: new Float32Array(0),
  centers: new Float32Array(0),
  counts: new Float32Array(0),
  codes: new Float32Array(0),
  neighbors: new Float32Array(0),
};

describe('the density of codes', () => {
  const source = { density: plane, prior: 'normal', latentSize: 2, condition: { shape: [2] } } as const;

  it('integrates to 1, with a condition and without', () => {
    const [step, side] = [0.05, 160];
    const grid = Float32Array.from({ length: 2 * side * side }, (_, at) => {
      const cell = Math.floor(at / 2);
      return step * ((at % 2 === 0 ? cell % side : Math.floor(cell / side)) - side / 2);
    });
    for (const class_ of [undefined, [1, 0], [0, 1]]) {
      const y = class_ && Float32Array.from({ length: grid.length }, (_, at) => class_[at % 2]!);
      const total = logDensities(source, grid, y).reduce((sum, value) => sum + step ** 2 * Math.exp(value), 0);
      expectWithin(total, 1, 1e-3);
    }
  });

  it('is that of a normal distribution with one Gaussian', () => {
    const density = {
      ...plane,
      logShares: Float32Array.of(0),
      means: Float32Array.of(1, 2),
      factors: Float32Array.of(2, 0, 0, 0.5),
      slopes: new Float32Array(0),
      logLikelihoods: new Float32Array(0),
    };
    const found = logDensities({ density, prior: 'normal', latentSize: 2 }, Float32Array.of(1, 2, 3, 2.5));
    // The standard deviations are 2 and 0.5, and the second code is one of each away.
    expectWithin(found[0]!, -Math.log(2 * Math.PI), 1e-9);
    expectWithin(found[1]!, -Math.log(2 * Math.PI) - 1, 1e-9);
  });
});

describe('the typicality of a code', () => {
  const density = fitDensity({ codes: { data: groupedCodes(600, 3, 0.3), width: SIZE } });
  const source = { density, prior: 'sphere', latentSize: SIZE } as const;
  const typicality = fitTypicality(source);
  const typicalities = (codes: Float32Array) => rowsOf(codes).map(typicality);
  const draw = (truncation?: number) => drawSampleCodes(source, 200, randomStream(5, 'draws'), undefined, truncation);

  it('is the share of samples that are less probable', () => {
    const values = typicalities(draw());
    expectWithin(mean(values), 0.5, 0.06);
    expect(values.filter((value) => value < 0.25).length).toBeGreaterThan(25);
    const least = draw().subarray(0, SIZE);
    const [own] = logDensities(source, least) as unknown as [number];
    const samples = drawSampleCodes(source, 200, randomStream(0, 'typicality'));
    expect(typicality(least)).toBe(logDensities(source, samples).filter((value) => value < own).length / 200);
  });

  it('falls with the truncation', () => {
    const means = [0, 0.3, 0.6, 0.9, 1, 1.2, 1.5].map((truncation) => mean(typicalities(draw(truncation))));
    expect(means).toEqual([...means].sort((a, b) => b - a));
    expect(means[0]).toBeGreaterThan(0.9);
    expect(draw(1)).toEqual(draw());
  });

  it('is low for codes of the prior', () => {
    expect(mean(typicalities(drawCodes('sphere', 100, SIZE, randomStream(1, 'prior'))))).toBeLessThan(0.1);
  });
});
