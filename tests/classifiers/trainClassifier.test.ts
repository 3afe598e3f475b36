import { afterAll, describe, expect, it } from 'vitest';
import { gatherImages, subset } from '../../src/data/source.js';
import { accuracyOf } from '../../src/classifiers/labels.js';
import { argmaxRows } from '../../src/numerics/features.js';
import { freshClassifier, trainClassifier } from '../../src/classifiers/trainClassifier.js';
import { expectInputError } from '../rejection.js';
import { barSource, tinyPrograms, tinySpec } from '../metrics/tinyClassifier.js';

const programs = tinyPrograms();
afterAll(() => programs.release());
const source = barSource(24, 30);
const start = freshClassifier(tinySpec(), 1);
const training = { steps: 40, batch: 8, learningRate: 0.01, seed: 2 };
const train = (changes: Partial<typeof training> = {}) => trainClassifier(programs, start, source.train, source.train.labels!, { ...training, ...changes });

describe('a classifier', () => {
  it('learns from labelled images to tell others', async () => {
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

  it('is the same for the same seed, and another for another', async () => {
    const first = await train({ steps: 3 });
    expect(await train({ steps: 3 })).toEqual(first);
    expect((await train({ steps: 3, seed: 3 })).head).not.toEqual(first.head);
    expect(freshClassifier(tinySpec(), 2).parameters).not.toEqual(start.parameters);
  });

  it('stays as it is at a rate of 0, but for its running statistics', async () => {
    const { parameters, statistics, head } = await train({ steps: 2, learningRate: 0 });
    expect([parameters, head]).toEqual([start.parameters, start.head]);
    expect(statistics).not.toEqual(start.statistics);
  });

  it('is trained on all images at once where there are fewer than a batch takes', async () => {
    const few = subset(source.train, Uint32Array.of(0, 1, 2));
    const trained = await trainClassifier(programs, start, few, few.labels!, { ...training, steps: 2, batch: 64 });
    expect(trained.parameters).not.toEqual(start.parameters);
  });

  it('needs two images', async () => {
    const one = subset(source.train, Uint32Array.of(0));
    await expectInputError(() => trainClassifier(programs, start, one, [0], training), '1 images');
  });
});
