import { describe, expect, it } from 'vitest';
import {
  add,
  constantTensor,
  conv,
  importOnnx,
  input,
  matMul,
  meanOf,
  ModelTraining,
  type ModelTrainingOptions,
  mul,
  relu,
  square,
  sub,
  sumOf,
  type TrainableModel,
} from '../../src/engine/index.js';
import { InputError } from '../../src/errors.js';
import { compileSmall, runModel } from './running.js';
import { random, tensor } from './tensors.js';

const x = input('x', [4, 3]);
const target = input('target', [4, 2]);
const weight = constantTensor(random([3, 2], 1), 'layer.weight');
const bias = constantTensor(random([2], 2), 'layer.bias');
const scale = constantTensor(random([2], 3), 'scale');
const y = mul(relu(add(matMul(x, weight), bias)), scale);
const model: TrainableModel = { parameters: { 'layer.weight': weight, 'layer.bias': bias, scale }, outputs: { y } };
const loss = meanOf(square(sub(y, target)));
const feeds = { x: random([4, 3], 4).data, target: random([4, 2], 5).data };
const options = { loss, learningRate: 0.1, compile: compileSmall };

async function train(steps: number, more: Partial<ModelTrainingOptions> = {}, trained = model) {
  const training = await ModelTraining.start(trained, { ...options, ...more });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await training.step(feeds)).loss);
  const result = { losses, parameters: await training.readParameters(), file: await training.toOnnx() };
  await training.release();
  return result;
}

describe('training of a model', () => {
  it('reduces the loss', async () => {
    const { losses } = await train(20);
    expect(losses.at(-1)!).toBeLessThan(0.95 * losses[0]!);
  });

  it('changes only parameters that match a pattern', async () => {
    const { parameters } = await train(2, { trainable: ['layer.*'] });
    expect(Object.keys(parameters)).toEqual(['layer.weight', 'layer.bias']);
    expect(parameters['layer.weight']).not.toEqual(weight.data);
  });

  it('takes a rate per step, and a step of rate 0 changes nothing', async () => {
    const { losses } = await train(4, { learningRate: (step) => (step === 2 ? 0 : 0.05) });
    expect(losses[2]).toBe(losses[1]);
    expect(losses[1]).toBeLessThan(losses[0]!);
    expect(losses[3]).toBeLessThan(losses[2]!);
  });

  it('limits the norm of gradients, and reports further scalars', async () => {
    const metrics = { total: sumOf(y) };
    const training = await ModelTraining.start(model, {
      ...options,
      metrics,
      optimizer: { name: 'sgd' },
      learningRate: 1,
      clipNorm: 1e-3,
    });
    const report = await training.step(feeds);
    expect(Object.keys(report).sort()).toEqual(['loss', 'total']);
    const before: Record<string, Float32Array> = {
      'layer.weight': weight.data as Float32Array,
      'layer.bias': bias.data as Float32Array,
      scale: scale.data as Float32Array,
    };
    const after = Object.entries(await training.readParameters());
    const changes = after.flatMap(([name, data]) => [...data].map((element, index) => element - before[name]![index]!));
    expect(Math.hypot(...changes)).toBeCloseTo(1e-3, 6);
    await training.release();
  });

  it('starts from given values, also of parameters that stay', async () => {
    const initial = { scale: Float32Array.of(0, 0) };
    const { losses, file } = await train(1, { initial, trainable: ['layer.*'] });
    const mean = feeds.target.reduce((sum, element) => sum + element ** 2, 0) / 8;
    expect(losses[0]).toBeCloseTo(mean, 5);
    expect([...(await runModel(file, { x: random([4, 3], 4) })).y!.data]).toEqual(Array(8).fill(0));
  });

  it('optimizes an input as if it were a parameter', async () => {
    const training = await ModelTraining.start(
      { parameters: { x }, outputs: { y } },
      { ...options, initial: { x: feeds.x } },
    );
    const [first] = [await training.step({ target: feeds.target })];
    for (let step = 0; step < 20; step++) await training.step({ target: feeds.target });
    expect((await training.step({ target: feeds.target })).loss).toBeLessThan(first.loss);
    expect((await training.readParameters()).x).toHaveLength(12);
    await training.release();
  });
});

describe('an optimizer', () => {
  /** Three steps in PyTorch's form on p^2 / 2, whose gradient is p. */
  const reference: Record<string, (p: number, state: number[], step: number) => number> = {
    adam: (p, state, t) => p - 0.1 * adamStep(p + 0.2 * p, state, t),
    adamw: (p, state, t) => p * (1 - 0.1 * 0.2) - 0.1 * adamStep(p, state, t),
    sgd(p, state) {
      state[0] = 0.9 * (state[0] ?? 0) + p + 0.2 * p;
      return p - 0.1 * state[0];
    },
  };
  function adamStep(gradient: number, state: number[], t: number) {
    const [m = 0, v = 0] = state;
    state.splice(0, 2, 0.8 * m + 0.2 * gradient, 0.95 * v + 0.05 * gradient ** 2);
    return state[0]! / (1 - 0.8 ** t) / (Math.sqrt(state[1]! / (1 - 0.95 ** t)) + 1e-8);
  }

  it.each([
    { name: 'adam', beta1: 0.8, beta2: 0.95, weightDecay: 0.2 },
    { name: 'adamw', beta1: 0.8, beta2: 0.95, weightDecay: 0.2 },
    { name: 'sgd', momentum: 0.9, weightDecay: 0.2 },
  ] as const)('follows its definition: $name', async (optimizer) => {
    const p = constantTensor(tensor([1]), 'p');
    const quadratic = { parameters: { p }, outputs: { p } };
    const training = await ModelTraining.start(quadratic, { ...options, loss: mul(sumOf(square(p)), 0.5), optimizer });
    const state: number[] = [];
    let expected = 1;
    for (let step = 1; step <= 3; step++) {
      await training.step({});
      expected = reference[optimizer.name]!(expected, state, step);
      expect((await training.readParameters()).p![0]).toBeCloseTo(expected, 5);
    }
    await training.release();
  });
});

describe('the file of a trained model', () => {
  it('computes with the trained parameters and can be imported and trained again', async () => {
    const { file, losses } = await train(5);
    const again = await importOnnx(file);
    const { loss: next } = await reportOf(again);
    const { losses: longer } = await train(6);
    expect(next).toBeCloseTo(longer[5]!, 5);
    expect(next).toBeLessThan(losses[0]!);
  });

  async function reportOf(imported: Awaited<ReturnType<typeof importOnnx>>) {
    const lossAgain = meanOf(square(sub(imported.outputs.y!, target)));
    const training = await ModelTraining.start(imported, { ...options, loss: lossAgain });
    const report = await training.step(feeds);
    await training.release();
    return report;
  }
});

describe('a rejected training', () => {
  const one = tensor([1]);
  it.each<[string, Partial<ModelTrainingOptions>, string]>([
    [
      'no such parameter',
      { trainable: ['head.*'] },
      'trainable "head.*": matches no parameter; choose from "layer.weight"',
    ],
    ['unknown initial value', { initial: { layer: one.data } }, 'initial "layer": the model has no such parameter'],
    ['wrong size', { initial: { scale: one.data } }, 'initial "scale": expected [2] but got 1 elements'],
    [
      'foreign loss',
      { loss: sumOf(square(conv(input('a', [1, 1, 2, 2]), input('b', [1, 1, 1, 1])))) },
      'loss: depends on no',
    ],
  ])('names the %s', async (_, more, message) => {
    const error: unknown = await ModelTraining.start(model, { ...options, ...more }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toContain(message);
  });

  it('names an input without an initial value', async () => {
    const start = ModelTraining.start({ parameters: { x }, outputs: { y } }, options);
    await expect(start).rejects.toThrow('parameter "x": is an input; set its initial value');
  });
});
