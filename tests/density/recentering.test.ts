import { describe, expect, it } from 'vitest';
import { drawCodes, normalizeRows, type Prior } from '../../src/age/prior.js';
import { fitCenters, recenter } from '../../src/density/recentering.js';
import { columnMeans } from '../../src/numerics/features.js';
import { randomStream } from '../../src/random.js';
import { expectCloseElements } from '../engine/expectations.js';
import { rowsOf, SIZE } from './codes.js';

const COUNT = 300;
const stream = (name: string) => randomStream(1, name);
const drawn = (count = COUNT) => drawCodes('sphere', count, SIZE, stream('codes'));
const normal = (count: number) => stream('centers').fillNormal(new Float32Array(count * SIZE));
/** With the identity as table, conditions are centers. */
const identity = Float32Array.from({ length: SIZE * SIZE }, (_, at) => (at % (SIZE + 1) === 0 ? 1 : 0));
const around = (prior: Prior, data: Float32Array, centers: Float32Array, sign: 1 | -1 = 1) =>
  recenter(prior, identity, { data, width: SIZE }, centers, sign);
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  const dot = (u: ArrayLike<number>, v: ArrayLike<number>) =>
    Array.from(u, (value, at) => value * v[at]!).reduce((sum, value) => sum + value, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe('recentered codes', () => {
  it.each(['sphere', 'normal'] as const)('have an inverse under the prior %s', (prior) => {
    const there = around(prior, drawn(), normal(COUNT));
    expectCloseElements(Array.from(around(prior, there, normal(COUNT), -1)), Array.from(drawn()), 1e-4);
  });

  it('stay on the sphere, and where they are without a center', () => {
    for (const code of rowsOf(around('sphere', drawn(), normal(COUNT)))) expect(Math.hypot(...code)).toBeCloseTo(1, 5);
    expectCloseElements(
      Array.from(around('sphere', drawn(), new Float32Array(COUNT * SIZE))),
      Array.from(drawn()),
      1e-6,
    );
  });

  it('keep the angles between directions at a code', () => {
    const [code] = rowsOf(drawn(1)) as [Float32Array];
    const [first, second] = rowsOf(normal(2)) as [Float32Array, Float32Array];
    const tangent = (direction: Float32Array) => {
      const along = direction.reduce((sum, value, at) => sum + value * code[at]!, 0);
      return direction.map((value, at) => value - along * code[at]!);
    };
    const center = normal(3).subarray(2 * SIZE);
    const image = (of: Float32Array) => around('sphere', of, center);
    const step = (direction: Float32Array) => {
      const near = normalizeRows(
        code.map((value, at) => value + 1e-3 * tangent(direction)[at]!),
        SIZE,
      );
      return image(near).map((value, at) => value - image(code)[at]!);
    };
    expect(cosine(step(first), step(second))).toBeCloseTo(cosine(tangent(first), tangent(second)), 2);
  });
});

/** Codes that a direction for each number of a condition attracts. */
function conditionedCodes(prior: 'sphere' | 'normal', conditions: Float32Array, width: number) {
  const directions = stream('directions').fillNormal(new Float32Array(width * SIZE));
  const count = conditions.length / width;
  const noise = stream('noise').fillNormal(new Float32Array(count * SIZE));
  const codes = noise.map((value, at) => {
    const [row, column] = [Math.floor(at / SIZE), at % SIZE];
    for (let number = 0; number < width; number++)
      value += 0.7 * conditions[row * width + number]! * directions[number * SIZE + column]!;
    return value;
  });
  return prior === 'sphere' ? normalizeRows(codes, SIZE) : codes;
}

describe('fitted centers', () => {
  const width = 5;
  /** One of three classes, one of two, and each fifth unknown. */
  const conditions = Float32Array.from({ length: 2000 * width }, (_, at) => {
    const [row, number] = [Math.floor(at / width), at % width];
    if (row % 5 === 0) return 0;
    return number < 3 ? Number(row % 3 === number) : Number(Math.floor(row / 3) % 2 === number - 3);
  });

  it.each(['sphere', 'normal'] as const)('leave nothing of classes in means under the prior %s', (prior) => {
    const data = conditionedCodes(prior, conditions, width);
    const codes = { data, width: SIZE };
    const moved = recenter(prior, fitCenters(prior, codes, { data: conditions, width }), codes, conditions);
    for (let number = 0; number < width; number++) {
      const meanOf = (of: Float32Array) => {
        const rows = rowsOf(of).filter((_, row) => conditions[row * width + number] === 1);
        return Math.hypot(...columnMeans({ data: Float32Array.from(rows.flatMap((row) => [...row])), width: SIZE }));
      };
      expect(meanOf(data)).toBeGreaterThan(0.2);
      expect(meanOf(moved)).toBeLessThan(0.02);
    }
    const unknown = (of: Float32Array) => Array.from(rowsOf(of)[5]!);
    expectCloseElements(unknown(moved), unknown(data), 1e-6);
  });

  it('are near the origin for conditions of few codes', () => {
    const [code] = rowsOf(drawn(1)) as [Float32Array];
    const table = fitCenters('sphere', { data: code, width: SIZE }, { data: Float32Array.of(1, 0), width: 2 });
    expect(Math.hypot(...table.subarray(0, SIZE))).toBeLessThan(0.3);
    expect(Array.from(table.subarray(SIZE))).toEqual(new Array(SIZE).fill(0));
  });
});
