import { describe, it } from 'vitest';
import {
  add,
  concat,
  conv,
  type ConvOptions,
  convTranspose,
  type ConvTransposeOptions,
  gradients,
  input,
  relu,
  type Shape,
  slice,
  square,
  type Value,
} from '../../src/engine/index.js';
import { expectClose, expectShapeError } from '../engine/expectations.js';
import { expectRightGradients, gradientsAt, lossOf } from '../engine/finiteDifferences.js';
import { forward, targets } from '../engine/running.js';
import { random } from '../engine/tensors.js';

type Convolve = (x: Value, w: Value, options: ConvTransposeOptions) => Value;

const part = (x: Value, axis: number, group: number, groups: number) => {
  const size = x.shape[axis]! / groups;
  return slice(x, axis, group * size, (group + 1) * size);
};

/** The definition: each group of channels has its own convolution. */
const separately =
  (convolve: Convolve, groups: number, { bias, ...options }: ConvTransposeOptions): Convolve =>
  (x, w) =>
    concat(
      Array.from({ length: groups }, (_, group) =>
        convolve(part(x, 1, group, groups), part(w, 0, group, groups), {
          ...options,
          ...(bias && { bias: part(bias, 0, group, groups) }),
        }),
      ),
      1,
    );

interface Case {
  x: Shape;
  w: Shape;
  groups: number;
  options?: Omit<ConvOptions, 'bias' | 'groups'>;
}

const convolutions: Record<string, Case> = {
  'two groups': { x: [2, 4, 4, 3], w: [6, 2, 3, 2], groups: 2, options: { pads: [1, 0, 0, 1] } },
  depthwise: { x: [2, 3, 5, 4], w: [3, 1, 3, 3], groups: 3, options: { pads: 1 } },
  'depthwise with several results': { x: [1, 2, 5, 5], w: [4, 1, 2, 2], groups: 2, options: { strides: 2 } },
  dilations: { x: [1, 4, 6, 6], w: [4, 2, 2, 3], groups: 2, options: { dilations: [3, 2], strides: [2, 1], pads: 1 } },
};

const transposed: Record<string, Case> = {
  'two groups': { x: [2, 4, 2, 3], w: [4, 3, 3, 2], groups: 2, options: { strides: 2 } },
  depthwise: { x: [2, 3, 3, 2], w: [3, 1, 4, 4], groups: 3, options: { strides: 2, pads: 1 } },
};

describe.each<[string, Convolve, number, Record<string, Case>]>([
  ['Conv', conv, 0, convolutions],
  ['ConvTranspose', convTranspose, 1, transposed],
])('%s in groups', (_, convolve, outward, cases) => {
  describe.each(Object.entries(cases))('%s', (__, { x: xShape, w: wShape, groups, options = {} }) => {
    const channels = outward === 0 ? wShape[0]! : wShape[1]! * groups;
    const tensors = [random(xShape, 1), random(wShape, 2), random([channels], 3)];
    const grouped = (x: Value, w: Value, bias: Value) => convolve(x, w, { ...options, groups, bias });
    const apart = (x: Value, w: Value, bias: Value) => separately(convolve, groups, { ...options, bias })(x, w, {});

    it('is a convolution for each group', async () => {
      expectClose(await forward(grouped, tensors), await forward(apart, tensors));
    });

    it('has the correct gradients', async () => {
      await expectRightGradients(grouped, tensors);
    });

    it('has the correct second derivatives', async () => {
      const second = (which: number) => (x: Value, w: Value, bias: Value) =>
        gradients(lossOf(square(grouped(x, w, bias))), [x, w])[which]!;
      for (const which of [0, 1]) await expectRightGradients(second(which), tensors);
    });
  });
});

it.each(Object.entries(targets))(
  'a depthwise convolution between others has the gradients of %s',
  async (_, target) => {
    const tensors = [
      random([2, 16, 6, 6], 1),
      random([32, 16, 1, 1], 2),
      random([32, 1, 3, 3], 3),
      random([16, 32, 1, 1], 4),
    ];
    const build = (x: Value, w1: Value, w2: Value, w3: Value) => {
      const depthwise = conv(relu(conv(x, w1)), w2, { pads: 1, groups: 32 });
      return add(x, conv(relu(depthwise), w3));
    };
    const [actual, expected] = [await gradientsAt(build, tensors, { target }), await gradientsAt(build, tensors)];
    for (const [index, gradient] of actual.entries()) expectClose(gradient!, expected[index]!, 1e-4);
  },
);

it('groups must divide the channels', () => {
  const x = input('x', [1, 4, 3, 3]);
  expectShapeError(() => conv(x, input('w', [4, 3, 1, 1]), { groups: 2 }), 'Conv', '4 channels', '6');
  expectShapeError(() => conv(x, input('w', [3, 2, 1, 1]), { groups: 2 }), 'Conv', '3 channels', '2 groups');
  expectShapeError(() => convTranspose(x, input('w', [4, 1, 1, 1]), { groups: 3 }), 'ConvTranspose', '3 groups');
  expectShapeError(() => conv(x, input('w', [4, 2, 1, 1]), { groups: 0 }), 'Conv', '0');
});
