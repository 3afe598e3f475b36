import { afterAll, describe, expect, it } from 'vitest';
import { type ImageSource, splitInMemory } from '../../src/data/source.js';
import type { LinearFit } from '../../src/classifiers/fittedProbe.js';
import { probe, type ProbeOptions } from '../../src/classifiers/probe.js';
import { encodeSplit } from '../../src/model/chunks.js';
import { expectWithin } from '../expectWithin.js';
import { expectInputError } from '../rejection.js';
import { largestDifference } from '../metrics/samples.js';
import { barSource, compileOnOneThread, tinyModel } from '../metrics/tinyClassifier.js';

const { model, weights } = tinyModel();
afterAll(() => model.release());
const source = barSource(60, 30);
const run = (changes: Partial<ProbeOptions>) =>
  probe({
    model,
    weights,
    source,
    labels: [6],
    trials: 2,
    methods: ['pixels'],
    seed: 0,
    compile: compileOnOneThread,
    ...changes,
  });

describe('a probe', () => {
  it('reports mean and standard deviation of the accuracies of its trials, for each method and label count', async () => {
    const fits: { labels: number; accuracy: number; method: string }[] = [];
    const heard: unknown[] = [];
    const results = await run({
      ...{ labels: [6, 'all'], trials: 3, methods: ['codes', 'pixels'] },
      onResult: (result) => heard.push(result),
      onFit: ({ labels, accuracy, probe: { method } }) => fits.push({ labels, accuracy, method }),
    });
    expect(heard).toEqual(results);
    expect(results.map(({ labels, method }) => [labels, method])).toEqual([
      ...[
        [6, 'codes'],
        [60, 'codes'],
      ],
      ...[
        [6, 'pixels'],
        [60, 'pixels'],
      ],
    ]);
    for (const { labels, method, accuracy, std } of results) {
      const accuracies = fits
        .filter((fit) => fit.labels === labels && fit.method === method)
        .map((fit) => fit.accuracy);
      expect(accuracies).toHaveLength(labels === 60 ? 1 : 3);
      const mean = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
      expect(accuracy).toBeCloseTo(mean, 10);
      expect(std ** 2).toBeCloseTo(
        accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0) / accuracies.length,
        10,
      );
    }
  });

  it('classifies correctly if pixels separate the classes', async () => {
    expect(await run({})).toMatchObject([{ labels: 6, method: 'pixels', accuracy: 1, std: 0, calibrated: true }]);
  });

  it('reports the calibration error of its first classifier', async () => {
    const errors: number[] = [];
    const [result] = await run({ methods: ['codes'], onFit: ({ calibrationError }) => errors.push(calibrationError) });
    expect(errors).toHaveLength(2);
    expect(result!.expected_calibration_error).toBe(errors[0]);
    expect(errors[0]).toBeGreaterThan(0);
  });

  it('takes codes from its caller, and reports its progress', async () => {
    const requested: number[] = [];
    const codesOf: ProbeOptions['codesOf'] = (split, indices) => {
      requested.push(indices.length);
      return encodeSplit(model, split, indices);
    };
    const steps: [string, number, number][] = [];
    const options: Partial<ProbeOptions> = { methods: ['codes', 'knn', 'finetune'], labels: [30], trials: 1 };
    const results = await run({ ...options, codesOf, onProgress: (...step) => steps.push(step) });
    expect(results).toEqual(await run(options));
    // Codes: the standardizer, the test images and the labels; neighbors: the last two.
    expect(requested).toEqual([60, 30, 30, 30, 30]);
    const fitted = steps.filter(([phase]) => phase === 'classifiers').map(([, done]) => done);
    expect(fitted).toEqual(fitted.toSorted((a, b) => a - b));
    expect(fitted.at(-1)).toBe(3);
    expect(fitted.some((done) => done > 2 && done < 3)).toBe(true);
  });

  it('by classifiers of rows exceeds chance, and depends only on its seed', async () => {
    const options: Partial<ProbeOptions> = { methods: ['codes', 'features', 'knn', 'pixels'], labels: [30], trials: 1 };
    const results = await run(options);
    for (const { method, accuracy } of results) expect(accuracy, method).toBeGreaterThan(0.5);
    expect(await run(options)).toEqual(results);
  });

  it.each(['codes', 'finetune'] as const)(
    'calibrates the first classifier by %s on request, and keeps all accuracies',
    async (method) => {
      const fit = async (calibrate: boolean) => {
        const fits: Float32Array[] = [];
        const onFit: ProbeOptions['onFit'] = ({ probe }) =>
          void fits.push('weights' in probe ? probe.weights.head : (probe as LinearFit).parameters);
        const results = await run({ methods: [method], calibrate: calibrate ? [method] : [], onFit });
        return {
          results: results.map(({ accuracy, std }) => [accuracy, std]),
          calibrated: results[0]!.calibrated,
          fits,
        };
      };
      const [plain, calibrated] = [await fit(false), await fit(true)];
      expect(calibrated.results).toEqual(plain.results);
      expect([calibrated.calibrated, plain.calibrated]).toEqual([true, false]);
      const [first, second] = plain.fits;
      const scale = calibrated.fits[0]![0]! / first![0]!;
      expect(Math.abs(scale - 1)).toBeGreaterThan(0.01);
      expectWithin(
        largestDifference(
          calibrated.fits[0]!,
          first!.map((value) => scale * value),
        ),
        0,
        1e-4 * Math.max(...calibrated.fits[0]!),
      );
      expect(calibrated.fits[1]).toEqual(second);
    },
  );

  it('with one label per class holds none out', async () => {
    expect((await run({ labels: [3], methods: ['codes', 'features', 'knn'] })).map(({ labels }) => labels)).toEqual([
      3, 3, 3,
    ]);
  });
});

const without = (changes: Partial<ImageSource>): Partial<ProbeOptions> => ({ source: { ...source, ...changes } });
const images = (count: number, labels: Uint8Array | null) => splitInMemory(new Uint8Array(count * 1024), 1024, labels);
const REFUSED: readonly (readonly [string, Partial<ProbeOptions>, readonly string[]])[] = [
  ['data without labels', without({ train: images(6, null), classes: null }), ['bars', 'no labels']],
  ['data of one class', without({ train: images(6, new Uint8Array(6)), classes: 1 }), ['bars', 'single class']],
  ['labels of a single class', without({ train: images(6, new Uint8Array(6)) }), ['the same label']],
  ['no test images', without({ test: images(0, new Uint8Array(0)) }), ['no test images']],
  ['more labels than available', { labels: [63] }, ['labels 63', '60 labeled']],
  [
    'more labels than a class has',
    without({ train: images(6, Uint8Array.of(0, 1, 2, 0, 0, 0)) }),
    ['2 of each class', 'class 1 has 1'],
  ],
  ['a label count that is not a multiple of the classes', { labels: [7] }, ['7', 'multiple of 3']],
];

describe('probe rejects', () => {
  it.each(REFUSED)('%s', async (_, changes, texts) => {
    await expectInputError(() => run(changes), ...texts);
  });
});
