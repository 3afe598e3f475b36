import { afterAll, describe, expect, it } from 'vitest';
import { gatherImages } from '../../src/data/source.js';
import { ClassifierPrograms } from '../../src/classifiers/encoderClassifier.js';
import { freshClassifier } from '../../src/classifiers/trainClassifier.js';
import { randomStream } from '../../src/random.js';
import { largestDifference } from '../metrics/samples.js';
import { barSource, compileOnOneThread, tinyModel, tinyPrograms, tinySpec } from '../metrics/tinyClassifier.js';

const programs = tinyPrograms();
afterAll(() => programs.release());
const fresh = freshClassifier(tinySpec(), 1);
const weights = {
  ...fresh,
  parameters: fresh.parameters.map((value) => 4 * value),
  head: randomStream(1, 'head').fillNormal(new Float32Array(fresh.head.length)),
};
const images = gatherImages(barSource(5, 1).train, [0, 1, 2, 3, 4], 1024);

describe("a classifier's verdicts", () => {
  it('are the softmax of a linear function of its features', async () => {
    const { features, probabilities } = await programs.classify(weights, images);
    const expected = Array.from({ length: 5 }, (_, row) => {
      const logits = [0, 1, 2].map((label) => {
        const bias = weights.head[8 * 3 + label]!;
        return features.subarray(row * 8, row * 8 + 8).reduce((sum, value, column) => sum + value * weights.head[column * 3 + label]!, bias);
      });
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
      return logits.map((logit) => Math.exp(logit) / sum);
    }).flat();
    expect(largestDifference(probabilities, expected)).toBeLessThan(1e-5);
  });

  it('have features on the sphere of radius sqrt(M), where codes lie', async () => {
    const { features } = await programs.classify(weights, images);
    for (let row = 0; row < 5; row++) expect(Math.hypot(...features.subarray(row * 8, row * 8 + 8))).toBeCloseTo(Math.sqrt(8), 4);
    const { model, weights: trained } = tinyModel();
    const ofEncoder = await programs.classify({ ...weights, parameters: trained['encoder.parameters'], statistics: trained['encoder.statistics'] }, images);
    expect(
      largestDifference(
        ofEncoder.features,
        (await model.encode(images)).map((value) => value * Math.sqrt(8)),
      ),
    ).toBeLessThan(1e-5);
    await model.release();
  });

  it('do not depend on what else is classified', async () => {
    const all = await programs.classify(weights, images);
    const one = await programs.classify(weights, images.subarray(2 * 1024, 3 * 1024));
    expect(largestDifference(one.probabilities, all.probabilities.subarray(6, 9))).toBeLessThan(1e-6);
    expect((await programs.classify(weights, new Uint8Array(0))).probabilities).toHaveLength(0);
  });

  it('are even where the head says nothing', async () => {
    const { probabilities } = await programs.classify(fresh, images);
    expect(largestDifference(probabilities, new Float32Array(15).fill(1 / 3))).toBeLessThan(1e-6);
  });

  it('come from programs that are made once, and again after their release', async () => {
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
