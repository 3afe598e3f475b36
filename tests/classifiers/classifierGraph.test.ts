import { CLASSIFIER_ADAM, classifierIteration } from '../../src/classifiers/classifierGraph.js';
import { freshClassifier } from '../../src/classifiers/encoderClassifier.js';
import { gatherImages } from '../../src/data/source.js';
import { adamScalars, type ElementArray } from '../../src/engine/index.js';
import { compile } from '../../src/engine/runtime/native.node.js';
import { randomStream } from '../../src/random.js';
import { barSource, tinySpec } from '../metrics/tinyClassifier.js';
import { afterAll, describe, expect, it } from 'vitest';

const BATCH = 3;
const spec = tinySpec();
// As it is written, so that vectors lie as they are packed.
const program = await compile(classifierIteration(spec, BATCH), { threads: 1, target: { name: 'plain' } });
afterAll(() => program.release());

const zeros = (vector: Float32Array) => new Float32Array(vector.length);
/** Weights as before training, but all of them so large that each matters. */
const { parameters, statistics, head } = freshClassifier(spec, 1);
const weights = {
  parameters: parameters.map((value) => 5 * value),
  head: randomStream(3, 'head').fillNormal(zeros(head)),
};
const feeds = {
  ...{
    ...weights,
    statistics,
    'parameters.m': zeros(parameters),
    'parameters.v': zeros(parameters),
    'head.m': zeros(head),
    'head.v': zeros(head),
  },
  images: gatherImages(barSource(BATCH, 1).train, [0, 1, 2], 1024),
  targets: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
  'parameters.schedule': Float32Array.from(adamScalars(1e-3, 1, CLASSIFIER_ADAM)),
  'head.schedule': Float32Array.from(adamScalars(1e-2, 1, CLASSIFIER_ADAM)),
};
async function run(changes: Record<string, ElementArray> = {}) {
  const results = await program.run({ ...feeds, ...changes });
  return (name: string) => Float32Array.from(results[name]!.data as Float32Array);
}

describe('a training iteration of a classifier', () => {
  it.each(['parameters', 'head'] as const)('has the correct gradient of its loss in the %s', async (name) => {
    const result = await run();
    // From 0, Adam's first mean is (1 - beta1) times the gradient.
    const gradient = result(`next/${name}.m`).map((value) => value / (1 - CLASSIFIER_ADAM.beta1));
    const direction = randomStream(4, name).fillNormal(zeros(weights[name]));
    const step = 1e-3 / Math.sqrt(direction.length);
    const lossAt = async (length: number) =>
      (await run({ [name]: weights[name].map((value, index) => value + length * direction[index]!) }))('loss')[0]!;
    const difference = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    const slope = gradient.reduce((sum, value, index) => sum + value * direction[index]!, 0);
    expect(Math.abs(slope)).toBeGreaterThan(0.01);
    // Relative: differences of float32 losses are that far off.
    expect(difference / slope).toBeCloseTo(1, 1);
  });

  it('first moves each value by the learning rate, against its gradient', async () => {
    const result = await run();
    for (const [name, rate] of [
      ['parameters', 1e-3],
      ['head', 1e-2],
    ] as const) {
      const moved = result(`next/${name}`);
      result(`next/${name}.m`).forEach((slope, index) => {
        if (Math.abs(slope) > 1e-4)
          expect(moved[index]! - weights[name][index]!).toBeCloseTo(-Math.sign(slope) * rate, 4);
      });
    }
  });

  it('has the loss log K with a zero head and K classes', async () => {
    expect((await run({ head: zeros(head) }))('loss')[0]).toBeCloseTo(Math.log(3), 5);
  });
});
