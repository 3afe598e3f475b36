import { expect, it } from 'vitest';
import { cosineLatent, withCosines } from '../../pages/studio/run/cosines.js';
import type { RunDetail } from '../../src/studio/schemas.js';
import { distance } from '../../src/age/distances.js';
import { graphOf, type TensorData } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';
import { inputsFor, run } from '../engine/running.js';
import { expectWithin } from '../expectWithin.js';

const COUNT = 5;
const LATENT = 64;

it('match_z becomes the mean cosine of codes', async () => {
  const draw = (purpose: string) => randomStream(1, purpose).fillNormal(new Float32Array(COUNT * LATENT));
  const [a, b] = [draw('a'), draw('b')];
  const dot = (x: Float32Array, y: Float32Array, row: number) =>
    Array.from({ length: LATENT }).reduce<number>(
      (sum, _, index) => sum + x[row * LATENT + index]! * y[row * LATENT + index]!,
      0,
    );
  const cosines = Array.from(
    { length: COUNT },
    (_, row) => dot(a, b, row) / Math.sqrt(dot(a, a, row) * dot(b, b, row)),
  );
  const mean = cosines.reduce((sum, cosine) => sum + cosine / COUNT, 0);
  const tensors = [a, b].map((data): TensorData => ({ type: 'float32', shape: [COUNT, LATENT], data }));
  const [first, second] = inputsFor(tensors);
  const { loss } = await run(graphOf({ loss: distance('cos', first!, second!) }, [first!, second!]), tensors);
  const value = Number(loss!.data[0]);
  const [point] = withCosines([{ step: 1, values: { 'generator.match_z': value } }], LATENT);
  expectWithin(point!.values['generator.match_z_cosine']!, mean, 1e-4);
});

it('means of stretches become cosines as well, and other values stay', () => {
  const values = { 'generator.match_z': 2, 'generator.match_z mean': 1.75, 'encoder.match_x': 0.5 };
  expect(withCosines([{ step: 1, values }], 2)[0]!.values).toEqual({
    ...values,
    'generator.match_z_cosine': 0,
    'generator.match_z_cosine mean': 0.5,
  });
  expect(withCosines([{ step: 1, values }], undefined)[0]!.values).toEqual(values);
});

it('only runs whose match_z measures cosines have some', () => {
  const latentOf = (configuration: RunDetail['configuration']) =>
    cosineLatent({ configuration } as unknown as RunDetail);
  expect(latentOf({ matchZ: 'cos', latent: 64 })).toBe(64);
  expect(latentOf({ matchZ: 'L2', latent: 64 })).toBeUndefined();
  expect(latentOf(null)).toBeUndefined();
});
