import { afterAll, describe, expect, it } from 'vitest';
import { gatherImages } from '../../src/data/source.js';
import { accuracyOf } from '../../src/classifiers/labels.js';
import { type FittedProbe, imageClassifier, PROBE_METHODS } from '../../src/classifiers/fittedProbe.js';
import { probe } from '../../src/classifiers/probe.js';
import { expectInputError } from '../rejection.js';
import { barSource, compileOnOneThread, tinyModel } from '../metrics/tinyClassifier.js';

const { model, weights } = tinyModel();
afterAll(() => model.release());
const source = barSource(60, 30);
const test = gatherImages(
  source.test,
  Array.from({ length: 30 }, (_, place) => place),
  1024,
);
const classifierOf = (fitted: FittedProbe) => imageClassifier(fitted, model, weights, compileOnOneThread);

describe('a fitted probe', () => {
  it.each(PROBE_METHODS)('by %s classifies images as when tested, with probabilities', async (method) => {
    const fits: { probe: FittedProbe; accuracy: number }[] = [];
    const options = {
      model,
      weights,
      source,
      labels: [6],
      trials: 1,
      methods: [method],
      seed: 0,
      compile: compileOnOneThread,
    };
    await probe({ ...options, onFit: (fit) => fits.push(fit) });
    const [{ probe: fitted, accuracy }] = fits as [(typeof fits)[0]];
    const classifier = await classifierOf(fitted);
    const { classes, probabilities } = await classifier.classify(test);
    await classifier.release();
    expect(accuracyOf(classes, source.test.labels!)).toBe(accuracy);
    classes.forEach((label, row) => {
      const ofRow = Array.from(probabilities.subarray(row * 3, row * 3 + 3));
      expect(ofRow.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
      expect(ofRow[label]).toBe(Math.max(...ofRow));
    });
  });

  it('by regression predicts the class of the largest weight times code plus bias', async () => {
    const parameters = Float32Array.of(
      1,
      ...new Float32Array(8),
      -1,
      ...new Float32Array(8),
      ...new Float32Array(8),
      0.25,
    );
    const classifier = await classifierOf({ method: 'codes', classes: 3, parameters });
    const codes = await model.encode({ x: test });
    const expected = Array.from({ length: 30 }, (_, row) => {
      const first = Math.sqrt(8) * codes[row * 8]!;
      return first > 0.25 ? 0 : -first > 0.25 ? 1 : 2;
    });
    expect(Array.from((await classifier.classify(test)).classes)).toEqual(expected);
    await classifier.release();
  });

  it('of different networks is rejected', async () => {
    const head = new Float32Array(27);
    const vectors = { parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'], head };
    await expectInputError(
      () => classifierOf({ method: 'finetune', classes: 3, weights: { ...vectors, head: head.subarray(1) } }),
      'finetune',
      'head',
      '26',
      '27',
    );
    await expectInputError(
      () => classifierOf({ method: 'supervised', classes: 3, weights: { ...vectors, statistics: head } }),
      'values of statistics',
      'got 27',
    );
    const classifier = await classifierOf({ method: 'codes', classes: 3, parameters: new Float32Array(3 * 8) });
    await expectInputError(() => classifier.classify(test), 'width 7', 'got 8');
    await classifier.release();
  });
});
