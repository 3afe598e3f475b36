import { describe, expect, it } from 'vitest';
import { principalComponents, projectOnComponents } from '../../src/numerics/principalComponents.js';
import { expectWithin } from '../expectWithin.js';
import { expectInputError } from '../rejection.js';
import { featuresOf, largestDifference, normalRows, reference } from '../metrics/samples.js';

describe('principal components', () => {
  const { width, variances, parts, axes, projected } = reference.components;
  const features = featuresOf(reference.components.features, width);

  it('agree with NumPy, two by default', () => {
    const components = principalComponents(features);
    expect(largestDifference(components.variances, variances)).toBeLessThan(1e-9);
    expect(largestDifference(components.explainedVarianceRatio, parts)).toBeLessThan(1e-9);
    expect(largestDifference(components.axes, axes)).toBeLessThan(1e-7);
    expect(largestDifference(projectOnComponents(features, components), projected)).toBeLessThan(1e-6);
  });

  it('are along a line if rows are', () => {
    const line = featuresOf([0, 0, 3, -4, 6, -8], 2);
    const { axes, variances, explainedVarianceRatio } = principalComponents(line);
    expect(largestDifference(axes.subarray(0, 2), [-0.6, 0.8])).toBeLessThan(1e-12);
    expect(largestDifference(variances, [25, 0])).toBeLessThan(1e-12);
    expect(largestDifference(explainedVarianceRatio, [1, 0])).toBeLessThan(1e-12);
  });

  it('have the variances of the projected rows, also with fewer rows than features', () => {
    const wide = normalRows(10, 30, 1);
    const components = principalComponents(wide, 3);
    const rows = projectOnComponents(wide, components);
    for (let component = 0; component < 3; component++) {
      let squares = 0;
      for (let row = 0; row < 10; row++) squares += rows[row * 3 + component]! ** 2;
      expectWithin(squares / 9, components.variances[component]!, 1e-10);
    }
  });

  it('of equal rows explain nothing', () => {
    expect(Array.from(principalComponents(featuresOf([1, 2, 1, 2], 2)).explainedVarianceRatio)).toEqual([0, 0]);
  });

  it('are rejected if there are none', async () => {
    await expectInputError(() => principalComponents(normalRows(1, 3, 1)), '1 rows', 'at least 2');
    await expectInputError(() => principalComponents(normalRows(5, 3, 1), 4), 'at most 3', 'got 4');
    await expectInputError(() => principalComponents(normalRows(5, 3, 1), 0), 'components: is 0');
    await expectInputError(
      () => projectOnComponents(normalRows(5, 3, 1), principalComponents(normalRows(5, 4, 1))),
      '3 wide',
      'of width 4',
    );
  });
});
