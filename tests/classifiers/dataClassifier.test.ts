import { describe, expect, it } from 'vitest';
import { type ImageSource, splitInMemory } from '../../src/data/source.js';
import {
  classifierExtractor,
  dataClassifierSpec,
  RECIPE,
  trainDataClassifier,
  whyNoClassifier,
} from '../../src/classifiers/dataClassifier.js';
import { expectInputError } from '../rejection.js';
import { barSource, compileOnOneThread } from '../metrics/tinyClassifier.js';

const labeled = (labels: Uint8Array | null, classes: number | null): ImageSource => {
  const images = splitInMemory(new Uint8Array(4 * 1024), 1024, labels);
  return { name: 'four', size: [32, 32], channels: 1, train: images, test: images, classes };
};

describe('the default feature extractor', () => {
  it('classifies unseen images correctly, and returns their features', async () => {
    const source = barSource(3, 9);
    const steps: number[] = [];
    const classifier = await trainDataClassifier(source, compileOnOneThread, {
      onStep: (step, all) => void steps.push(step, all),
    });
    expect(steps.slice(-2)).toEqual([RECIPE.leastSteps, RECIPE.leastSteps]);
    expect(classifier.testAccuracy).toBe(1);

    const extractor = classifierExtractor('bars', dataClassifierSpec(source), classifier, compileOnOneThread);
    expect(extractor).toMatchObject({ name: 'bars', width: RECIPE.features, testAccuracy: 1 });
    const image = new Uint8Array(1024);
    source.test.copyImage(4, image, 0);
    const { features, probabilities } = await extractor.extract({ shape: [1, 32, 32], data: image });
    expect(features).toMatchObject({ width: RECIPE.features });
    expect(features.data).toHaveLength(RECIPE.features);
    expect(probabilities!.data[source.test.labels![4]!]).toBeGreaterThan(0.5);
    await extractor.release();
  });

  it('requires labels of two classes, and a supported image size', async () => {
    expect(whyNoClassifier(barSource(3, 3))).toBeUndefined();
    expect(whyNoClassifier(labeled(null, null))).toBe('has no labels to train a classifier on');
    expect(whyNoClassifier(labeled(Uint8Array.of(1, 1, 1, 1), 2))).toBe(
      'has a single class, but a classifier needs at least 2',
    );
    await expectInputError(() => dataClassifierSpec(labeled(null, null)), 'four: has no labels');
  });

  it('has features that are not normalized', () => {
    const { network, classes, onSphere } = dataClassifierSpec(labeled(Uint8Array.of(0, 1, 2, 1), 3));
    expect([network.outputShape, classes, onSphere]).toEqual([[RECIPE.features, 1, 1], 3, false]);
  });
});
