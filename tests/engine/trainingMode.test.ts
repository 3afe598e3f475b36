import { describe, expect, it } from 'vitest';
import {
  add,
  batchNormInference,
  constantTensor,
  dropout,
  input,
  meanOf,
  ModelTraining,
  type ModelTrainingOptions,
  mul,
  square,
  sumOf,
  type TrainableModel,
  type Value,
} from '../../src/engine/index.js';
import { compileSmall, runModel } from './running.js';
import { random } from './tensors.js';

const SIZE = 4000;
const x = input('x', [SIZE]);
const weight = constantTensor({ type: 'float32', shape: [], data: Float32Array.of(1) }, 'weight');
const ones = { x: new Float32Array(SIZE).fill(1) };

/** Trains with a rate of 0, so that only draws differ. */
async function meansOf(dropped: Value, steps: number, more: Partial<ModelTrainingOptions> = {}) {
  const y = mul(dropped, weight);
  const training = await ModelTraining.start(
    { parameters: { weight }, outputs: { y } },
    {
      loss: meanOf(y),
      metrics: { squares: meanOf(square(y)) },
      learningRate: 0,
      mode: 'train',
      compile: compileSmall,
      ...more,
    },
  );
  const reports = [];
  for (let step = 0; step < steps; step++) reports.push(await training.step(ones));
  await training.release();
  return reports;
}

describe('dropout in training', () => {
  const RATIO = 0.75;

  it('drops the given share of elements, and keeps the mean', async () => {
    const deviation = Math.sqrt(RATIO / (1 - RATIO) / SIZE);
    for (const { loss, squares } of await meansOf(dropout(x, RATIO), 5)) {
      expect(Math.abs(loss - 1)).toBeLessThan(4 * deviation);
      // Elements are 0 or 4, so squares have four times the mean.
      expect(squares! / loss).toBeCloseTo(4, 4);
    }
  });

  it('draws anew in each step and for each operator, and repeats a seed', async () => {
    const twice = dropout(dropout(x, 0.5), 0.5);
    const [first, again, other] = [
      await meansOf(twice, 2),
      await meansOf(twice, 2),
      await meansOf(twice, 2, { seed: 1 }),
    ];
    expect(again).toEqual(first);
    expect(first[0]!.loss).not.toBe(first[1]!.loss);
    expect(other[0]!.loss).not.toBe(first[0]!.loss);
    // With the same draws, the second operator would drop nothing more, and the mean would be 2.
    expect(Math.abs(first[0]!.loss - 1)).toBeLessThan(0.2);
  });

  it('is the identity in the mode eval, and 0 for a ratio of 1', async () => {
    expect((await meansOf(dropout(x, 0.5), 1, { mode: 'eval' }))[0]!.loss).toBe(1);
    expect((await meansOf(dropout(x, 1), 1))[0]!.loss).toBe(0);
  });
});

describe('batch normalization in training', () => {
  const data = input('data', [4, 2, 3]);
  const named = (name: string, values: number[]) =>
    constantTensor({ type: 'float32', shape: [2], data: Float32Array.from(values) }, name);
  const parameters = { scale: named('scale', [1, 2]), bias: named('bias', [0, 1]) };
  const statistics = { mean: named('mean', [5, -5]), variance: named('variance', [4, 9]) };
  const normalize = (value: Value) =>
    batchNormInference(value, parameters.scale, parameters.bias, statistics.mean, statistics.variance, 0, 0.75);
  const batch = random([4, 2, 3], 1);
  const feeds = { data: batch.data };

  const start = (model: TrainableModel, more: Partial<ModelTrainingOptions> = {}) =>
    ModelTraining.start(model, {
      loss: sumOf(square(model.outputs.y!)),
      learningRate: 0,
      mode: 'train',
      compile: compileSmall,
      ...more,
    });

  /** Of a channel: mean and unbiased variance. */
  function momentsOf(channel: number) {
    const values = [...batch.data].filter((_, index) => Math.floor(index / 3) % 2 === channel);
    const mean = values.reduce((sum, value) => sum + value, 0) / 12;
    return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 11 };
  }

  it('normalizes by the batch, and moves running statistics', async () => {
    const training = await start({ parameters, statistics, outputs: { y: normalize(data) } });
    const report = await training.step(feeds);
    // Squares of normalized data have the mean 1, and with scale 2 and bias 1 the mean 5.
    expect(report.loss).toBeCloseTo(12 + 60, 3);
    const { mean, variance } = await training.readParameters();
    for (const channel of [0, 1]) {
      const expected = momentsOf(channel);
      expect(mean![channel]).toBeCloseTo(0.75 * [5, -5][channel]! + 0.25 * expected.mean, 5);
      expect(variance![channel]).toBeCloseTo(0.75 * [4, 9][channel]! + 0.25 * expected.variance, 5);
    }
    await training.release();
  });

  it('updates statistics of a layer that is applied twice twice', async () => {
    const shifted = add(data, 3);
    const y = add(normalize(data), normalize(shifted));
    const training = await start({ parameters, statistics, outputs: { y } });
    await training.step(feeds);
    const { mean } = await training.readParameters();
    const once = 0.75 * 5 + 0.25 * momentsOf(0).mean;
    expect(mean![0]).toBeCloseTo(0.75 * once + 0.25 * (momentsOf(0).mean + 3), 4);
    await training.release();
  });

  it('continues from given statistics, and encodes a model that uses them', async () => {
    const model = { parameters, statistics, outputs: { y: normalize(data) } };
    const initial = { mean: Float32Array.of(1, 2), variance: Float32Array.of(1, 4) };
    const training = await start(model, { initial });
    await training.step(feeds);
    const { mean, variance } = await training.readParameters();
    expect(mean![0]).toBeCloseTo(0.75 + 0.25 * momentsOf(0).mean, 5);
    const { y } = await runModel(await training.toOnnx(), { data: batch });
    expect(y!.data[0]).toBeCloseTo((batch.data[0]! - mean![0]!) / Math.sqrt(variance![0]!), 4);
    await training.release();
  });

  it('keeps statistics in the mode eval', async () => {
    const model = { parameters, statistics, outputs: { y: normalize(data) } };
    const training = await start(model, { mode: 'eval' });
    await training.step(feeds);
    expect(Object.keys(await training.readParameters()).sort()).toEqual(['bias', 'scale']);
    await training.release();
  });

  it('rejects a single element per channel', async () => {
    const single = input('single', [1, 2]);
    const y = batchNormInference(single, parameters.scale, parameters.bias, statistics.mean, statistics.variance);
    await expect(start({ parameters, statistics, outputs: { y } })).rejects.toThrow(
      'expected more than one element per channel, not [1, 2]',
    );
  });
});
