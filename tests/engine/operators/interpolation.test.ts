import { describe, expect, it } from 'vitest';
import {
  constant,
  input,
  interpolate,
  type InterpolationOptions,
  type Shape,
  square,
} from '../../../src/engine/index.js';
import { integers } from '../../../src/engine/operator.js';
import { expectShapeError } from '../expectations.js';
import { expectRightGradients } from '../finiteDifferences.js';
import { expectGenuine, type Genuine } from '../genuine.js';
import { operatorsOf } from '../running.js';
import { random } from '../tensors.js';

/** ONNX's Resize of the same options. */
function genuine({ sizes, scales = [], ...options }: InterpolationOptions): Genuine {
  const { mode = 'nearest', coordinates = 'half_pixel', nearest = 'round_prefer_floor' } = options;
  return {
    name: 'Resize',
    attributes: {
      mode,
      coordinate_transformation_mode: coordinates,
      nearest_mode: nearest,
      cubic_coeff_a: options.cubicCoefficient ?? -0.75,
      exclude_outside: Number(options.excludeOutside ?? false),
    },
    floatAttributes: ['cubic_coeff_a'],
    more: [constant([]), constant(scales), ...(sizes ? [integers(sizes)] : [])],
  };
}

const coordinates = [
  'half_pixel',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'half_pixel_symmetric',
] as const;

describe('Resize', () => {
  const modes = (['nearest', 'linear', 'cubic'] as const).flatMap((mode) =>
    coordinates.map((each) => [mode, each] as const),
  );

  it.each(modes)('%s, %s has the result of ONNX and the correct gradient', async (mode, each) => {
    const x = random([1, 2, 4, 3], 1);
    for (const sizes of [
      [1, 2, 7, 6],
      [1, 2, 3, 2],
    ]) {
      const options = { mode, coordinates: each, sizes };
      await expectGenuine((value) => interpolate(value, options), genuine(options), [x]);
    }
    await expectRightGradients(
      (value) => square(interpolate(value, { mode, coordinates: each, sizes: [1, 2, 6, 5] })),
      [x],
    );
  });

  it.each(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const)('rounds by %s', async (nearest) => {
    const options = { nearest, coordinates: 'asymmetric', scales: [1, 1, 2, 1.5] } as const;
    await expectGenuine((value) => interpolate(value, options), genuine(options), [random([1, 1, 3, 4], 2)]);
  });

  it('leaves weights outside out on request', async () => {
    const options = { mode: 'cubic', excludeOutside: true, cubicCoefficient: -0.5, sizes: [1, 1, 6, 7] } as const;
    await expectGenuine((value) => interpolate(value, options), genuine(options), [random([1, 1, 3, 4], 2)]);
  });

  it('repeats pixels without a product', () => {
    const options = { coordinates: 'asymmetric', nearest: 'floor', scales: [1, 1, 2, 2] } as const;
    expect(operatorsOf(interpolate(input('x', [1, 2, 3, 4]), options))).toEqual(['Resize']);
  });

  it('rejects sizes that do not fit', () => {
    const shape: Shape = [1, 2, 3];
    expectShapeError(() => interpolate(input('x', shape), { scales: [1, 2] }), 'Resize', 'each axis');
    expectShapeError(() => interpolate(input('x', shape), { scales: [1, 1, 0.1] }), 'Resize', 'axis 2');
  });
});
