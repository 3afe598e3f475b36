import { ClassifierPrograms, freshClassifier, trainClassifier } from '../../src/classifiers/encoderClassifier.js';
import { accuracyOf } from '../../src/classifiers/labels.js';
import { gatherImages, subset } from '../../src/data/source.js';
import { argmaxRows } from '../../src/numerics/features.js';
import { randomStream } from '../../src/random.js';
import { largestDifference } from '../metrics/samples.js';
import { barSource, compileOnOneThread, tinyModel, tinyPrograms, tinySpec } from '../metrics/tinyClassifier.js';
import { expectInputError } from '../rejection.js';
import { afterAll, describe, expect, it } from 'vitest';

const programs = tinyPrograms();
afterAll(() => programs.release());
const fresh = freshClassifier(tinySpec(), 1);
const weights = {
  ...fresh,
  parameters: fresh.parameters.map((value) => 4 * value),
  head: randomStream(1, 'head').fillNormal(new Float32Array(fresh.head.length)),
};
const images = gatherImages(barSource(5, 1).train, [0, 1, 2, 3, 4], 1024);

describe('predictions of a classifier', () => {
  it('are the softmax of a linear function of its features', async () => {
    const { features, probabilities } = await programs.classify(weights, images);
    const expected = Array.from({ length: 5 }, (_, row) => {
      const logits = [0, 1, 2].map((label) => {
        const bias = weights.head[8 * 3 + label]!;
        return features
          .subarray(row * 8, row * 8 + 8)
          .reduce((sum, value, column) => sum + value * weights.head[column * 3 + label]!, bias);
      });
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
      return logits.map((logit) => Math.exp(logit) / sum);
    }).flat();
    expect(largestDifference(probabilities, expected)).toBeLessThan(1e-5);
  });

  it('have features on the sphere of radius sqrt(M)', async () => {
    const { features } = await programs.classify(weights, images);
    for (let row = 0; row < 5; row++)
      expect(Math.hypot(...features.subarray(row * 8, row * 8 + 8))).toBeCloseTo(Math.sqrt(8), 4);
    const { model, weights: trained } = tinyModel();
    const ofEncoder = await programs.classify(
      { ...weights, parameters: trained['encoder.parameters'], statistics: trained['encoder.statistics'] },
      images,
    );
    expect(
      largestDifference(
        ofEncoder.features,
        (await model.encode({ x: images })).map((value) => value * Math.sqrt(8)),
      ),
    ).toBeLessThan(1e-5);
    await model.release();
  });

  it('do not depend on other images in the batch', async () => {
    const all = await programs.classify(weights, images);
    const one = await programs.classify(weights, images.subarray(2 * 1024, 3 * 1024));
    expect(largestDifference(one.probabilities, all.probabilities.subarray(6, 9))).toBeLessThan(1e-6);
    expect((await programs.classify(weights, new Uint8Array(0))).probabilities).toHaveLength(0);
  });

  it('are uniform with a zero head', async () => {
    const { probabilities } = await programs.classify(fresh, images);
    expect(largestDifference(probabilities, new Float32Array(15).fill(1 / 3))).toBeLessThan(1e-6);
  });

  it('use programs that are compiled once, and again after their release', async () => {
    let made = 0;
    const counting = new ClassifierPrograms(tinySpec(), (graph) => {
      made++;
      return compileOnOneThread(graph);
    });
    await counting.classify(weights, images);
    await counting.classify(weights, images);
    await counting.trainingProgram(4);
    await counting.trainingProgram(4);
    expect(made).toBe(2);
    await counting.release();
    await counting.classify(weights, images);
    expect(made).toBe(3);
    await counting.release();
  });
});

const source = barSource(24, 30);
const start = freshClassifier(tinySpec(), 1);
const training = { steps: 40, batch: 8, learningRate: 0.01, seed: 2 };
const train = (changes: Partial<typeof training> = {}) =>
  trainClassifier(programs, start, source.train, source.train.labels!, { ...training, ...changes });

describe('classifier training', () => {
  it('learns to classify labeled images', async () => {
    const losses: number[] = [];
    const options = { ...training, onStep: (_: number, loss: number) => void losses.push(loss) };
    const weights = await trainClassifier(programs, start, source.train, source.train.labels!, options);
    const images = gatherImages(
      source.test,
      Array.from({ length: 30 }, (_, place) => place),
      1024,
    );
    const { probabilities } = await programs.classify(weights, images);
    expect(accuracyOf(argmaxRows({ data: probabilities, width: 3 }), source.test.labels!)).toBeGreaterThan(0.9);
    expect(losses).toHaveLength(40);
    expect(losses[0]).toBeCloseTo(Math.log(3), 5);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  });

  it('is deterministic, and depends on the seed', async () => {
    const first = await train({ steps: 3 });
    expect(await train({ steps: 3 })).toEqual(first);
    expect((await train({ steps: 3, seed: 3 })).head).not.toEqual(first.head);
    expect(freshClassifier(tinySpec(), 2).parameters).not.toEqual(start.parameters);
  });

  it('with learning rate 0 changes only the running statistics', async () => {
    const { parameters, statistics, head } = await train({ steps: 2, learningRate: 0 });
    expect([parameters, head]).toEqual([start.parameters, start.head]);
    expect(statistics).not.toEqual(start.statistics);
  });

  it('uses a batch of all images if there are fewer than a batch', async () => {
    const few = subset(source.train, Uint32Array.of(0, 1, 2));
    const trained = await trainClassifier(programs, start, few, few.labels!, { ...training, steps: 2, batch: 64 });
    expect(trained.parameters).not.toEqual(start.parameters);
  });

  it('requires two images', async () => {
    const one = subset(source.train, Uint32Array.of(0));
    await expectInputError(() => trainClassifier(programs, start, one, [0], training), '1 images');
  });
});
