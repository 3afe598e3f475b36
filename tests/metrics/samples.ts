/** Data for tests of metrics. */
import { readFileSync } from 'node:fs';
import type { Features } from '../../src/numerics/features.js';
import { randomStream } from '../../src/random.js';

/** Independent normal draws around `shift` [rows, width]. */
export function normalRows(rows: number, width: number, seed: number, scale = 1, shift = 0): Features {
  const data = randomStream(seed, 'normal rows').fillNormal(new Float32Array(rows * width));
  return { data: Float64Array.from(data, (draw) => scale * draw + shift), width };
}

export const featuresOf = (data: readonly number[], width: number): Features => ({
  data: Float32Array.from(data),
  width,
});

/** A copy with one number changed. */
export function withEntry({ data, width }: Features, index: number, value: number): Features {
  const copy = data.slice();
  copy[index] = value;
  return { data: copy, width };
}

/** Independent numbers, made by reference/make_reference.py. */
export const reference = JSON.parse(readFileSync(new URL('reference/reference.json', import.meta.url), 'utf8')) as {
  images: {
    shape: [number, number, number];
    a: number[];
    b: number[];
    bytes: Record<Score, number>;
    values: Record<Score, number>;
  };
  pairs: { width: number; a: number[]; b: number[]; frechet: number; kernel: number; manifold: Record<string, number> };
  inception: { width: number; probabilities: number[]; splits: number; mean: number; deviation: number };
  codes: {
    width: number;
    codes: number[];
    resultantLength: number;
    rayleigh: Test;
    bingham: Test;
    relativeVariances: number[];
    nearest: number[];
  };
  classification: {
    width: number;
    features: number[];
    labels: number[];
    penalised: { ridge: number; parameters: number[] };
    freeBias: { ridge: number; parameters: number[] };
    queries: number[];
    nearest: { euclidean: number[]; cosine: number[] };
  };
  components: {
    width: number;
    features: number[];
    variances: number[];
    parts: number[];
    axes: number[];
    projected: number[];
  };
};

type Score = 'l1' | 'mse' | 'psnr' | 'ssim';
type Test = [statistic: number, degrees: number, pValue: number];

/** Largest distance between entries at the same place; NaN if any is. */
export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from({ length: Math.max(a.length, b.length) }, (_, index) => Math.abs(a[index]! - b[index]!)));
