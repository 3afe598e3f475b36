import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  drawCodes,
  drawDisplacements,
  moveTowards,
  normalizeAlongAxis1,
  normalizeInPlace,
} from '../../src/age/prior.js';
import { randomStream } from '../../src/random.js';
import { expectCloseElements } from '../engine/expectations.js';
import { forward } from '../engine/running.js';
import { random, tensor } from '../engine/tensors.js';
import { expectWithin } from '../expectWithin.js';
import { kurtosisOf, meanOf, varianceOf } from '../moments.js';
import { normOf, rowsOf } from './codes.js';

const [COUNT, LATENT] = [20_000, 5];
const columnsOf = (codes: Float32Array): number[][] => {
  const rows = rowsOf(codes, LATENT);
  return [...Array(LATENT).keys()].map((coordinate) => rows.map((row) => row[coordinate]!));
};

describe('samples from the sphere', () => {
  const columns = columnsOf(drawCodes('sphere', COUNT, LATENT, randomStream(1, 'sphere')));

  it('have norm 1, in any dimension', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 2, max: 300 }),
        fc.nat(),
        (count, latent, seed) => {
          const codes = rowsOf(drawCodes('sphere', count, latent, randomStream(seed, 'norms')), latent);
          expect(codes).toHaveLength(count);
          for (const code of codes) expectWithin(normOf(code), 1, 1e-6);
        },
      ),
    );
  });

  it('have mean 0 and variance 1/M in every coordinate', () => {
    for (const column of columns) {
      expectWithin(meanOf(column), 0, 0.016);
      expectWithin(varianceOf(column), 1 / LATENT, 0.01);
      // Of a coordinate of the uniform distribution on the sphere: 3 M / (M + 2).
      expectWithin(kurtosisOf(column), (3 * LATENT) / (LATENT + 2), 0.1);
    }
  });

  it('have uncorrelated coordinates', () => {
    const [first, second] = columns;
    expectWithin(meanOf(first!.map((value, index) => value * second![index]!)), 0, 0.01);
  });
});

describe('samples from the normal prior', () => {
  it('have mean 0, variance 1 and kurtosis 3 in every coordinate', () => {
    for (const column of columnsOf(drawCodes('normal', COUNT, LATENT, randomStream(1, 'normal')))) {
      expectWithin(meanOf(column), 0, 0.035);
      expectWithin(varianceOf(column), 1, 0.05);
      expectWithin(kurtosisOf(column), 3, 0.18);
    }
  });

  it('are those of the sphere before normalization', () => {
    const [normal, sphere] = (['normal', 'sphere'] as const).map((prior) =>
      drawCodes(prior, 3, LATENT, randomStream(2, 'both')),
    );
    for (let start = 0; start < normal!.length; start += LATENT)
      normalizeInPlace(normal!.subarray(start, start + LATENT));
    expect(normal).toEqual(sphere);
  });
});

describe('prior samples', () => {
  it.each(['sphere', 'normal'] as const)('from the %s depend only on the stream', (prior) => {
    const draw = (seed: number) => drawCodes(prior, 4, LATENT, randomStream(seed, 'seeded'));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});

describe('codes that are moved towards samples', () => {
  const [code, sample] = [Float32Array.of(1, 0, 0), Float32Array.of(0, 0, 1)];
  const moved = async (prior: 'sphere' | 'normal', distance: number) => {
    const inputs = [tensor([...code], [1, 3]), tensor([...sample], [1, 3]), tensor([distance], [1, 1])];
    return Array.from((await forward((z, s, d) => moveTowards(z, s, d, prior), inputs)).data, Number);
  };

  it('stay where they are at the distance 0', async () => {
    expect(await moved('sphere', 0)).toEqual([1, 0, 0]);
    expect(await moved('normal', 0)).toEqual([1, 0, 0]);
  });

  it('move by an angle whose tangent is the distance from an orthogonal sample', async () => {
    const angle = Math.atan(2);
    expectCloseElements(await moved('sphere', 2), [Math.cos(angle), 0, Math.sin(angle)], 1e-6);
    expect(await moved('normal', 2)).toEqual([1, 0, 2]);
  });

  it('move by every distance up to the largest, equally often', () => {
    const distances = drawDisplacements(2000, 3, randomStream(1, 'distances'));
    expectWithin(meanOf([...distances]), 1.5, 0.1);
    expectWithin(Math.max(...distances), 3, 0.05);
    expectWithin(Math.min(...distances), 0, 0.05);
  });
});

describe('normalization', () => {
  it('of a vector in memory divides by its norm', () => {
    const vector = Float32Array.of(3, 0, -4);
    normalizeInPlace(vector);
    expect(vector).toEqual(Float32Array.of(0.6, 0, -0.8));
  });

  it('keeps the zero vector', async () => {
    const zeros = new Float32Array(3);
    normalizeInPlace(zeros);
    expect(zeros).toEqual(new Float32Array(3));
    expect((await forward((x) => normalizeAlongAxis1(x), [tensor([0, 0, 0], [1, 3])])).data).toEqual(
      new Float32Array(3),
    );
  });

  it('in a graph is along axis 1', async () => {
    const x = random([2, 3, 2], 1);
    const { data } = await forward((value) => normalizeAlongAxis1(value), [x]);
    const norms = [0, 1].flatMap((first) =>
      [0, 1].map((last) => Math.hypot(...[0, 1, 2].map((middle) => x.data[(first * 3 + middle) * 2 + last]!))),
    );
    const expected = Array.from(x.data, (value, index) => value / norms[Math.floor(index / 6) * 2 + (index % 2)]!);
    expectCloseElements(Array.from(data, Number), expected, 1e-6);
  });
});
