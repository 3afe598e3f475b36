import { describe, expect, it } from 'vitest';
import {
  conv,
  type ConvOptions,
  convTranspose,
  type ConvTransposeOptions,
  gradients,
  input,
  type Shape,
  square,
  transpose,
} from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { expectClose, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientGraph, lossOf } from '../finiteDifferences.js';
import { type Build, forward, operatorsOf, run, targets } from '../running.js';
import { at, generate, random, type Tensor, tensor, total } from '../tensors.js';

interface Geometry {
  strides: [number, number];
  pads: [number, number, number, number];
  dilations: [number, number];
}

const plain: Geometry = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };

interface Case {
  x: Shape;
  w: Shape;
  size: [number, number];
  geometry?: Partial<Geometry>;
  outputPadding?: [number, number];
}

/** The definition of cross-correlation; where the kernel leaves the data there are zeros. */
function correlate(
  x: Tensor,
  w: Tensor,
  [height, width]: [number, number],
  { strides, pads, dilations }: Geometry,
): Tensor {
  const [batch, channels, rows, columns] = x.shape;
  const [outputs, , kh, kw] = w.shape;
  return generate([batch!, outputs!, height, width], (n, o, i, j) =>
    total([channels!, kh!, kw!], (c, u, v) => {
      const [y, z] = [i * strides[0] + u * dilations[0] - pads[0], j * strides[1] + v * dilations[1] - pads[1]];
      return y >= 0 && y < rows! && z >= 0 && z < columns! ? at(x, n, c, y, z) * at(w, o, c, u, v) : 0;
    }),
  );
}

/** The definition of the transposed convolution: every element adds its multiple of the kernel to the result. */
function scatter(
  x: Tensor,
  w: Tensor,
  [height, width]: [number, number],
  { strides, pads, dilations }: Geometry,
): Tensor {
  const [batch, channels, rows, columns] = x.shape;
  const [, outputs, kh, kw] = w.shape;
  return generate([batch!, outputs!, height, width], (n, o, y, z) =>
    total([channels!, rows!, columns!, kh!, kw!], (c, i, j, u, v) => {
      const lands =
        i * strides[0] + u * dilations[0] - pads[0] === y && j * strides[1] + v * dilations[1] - pads[1] === z;
      return lands ? at(x, n, c, i, j) * at(w, c, o, u, v) : 0;
    }),
  );
}

const convolutions: Record<string, Case> = {
  'a kernel of one element': { x: [2, 3, 2, 2], w: [2, 3, 1, 1], size: [2, 2] },
  'a batch of 1 and one channel': { x: [1, 1, 4, 4], w: [1, 1, 3, 3], size: [2, 2] },
  'a kernel as large as the data': { x: [2, 2, 3, 2], w: [3, 2, 3, 2], size: [1, 1] },
  'odd sizes and a kernel that is not square': { x: [2, 2, 5, 3], w: [2, 2, 3, 2], size: [3, 2] },
  'a single row': { x: [1, 2, 1, 5], w: [2, 2, 1, 3], size: [1, 3] },
  'equal pads': { x: [1, 2, 3, 3], w: [2, 2, 3, 3], size: [3, 3], geometry: { pads: [1, 1, 1, 1] } },
  'a different pad on each side': { x: [1, 2, 3, 4], w: [2, 2, 3, 3], size: [4, 5], geometry: { pads: [0, 1, 3, 2] } },
  'pads wider than the kernel': { x: [1, 1, 2, 2], w: [1, 1, 2, 2], size: [5, 3], geometry: { pads: [2, 0, 2, 2] } },
  'strides that fit': { x: [1, 2, 4, 4], w: [2, 2, 2, 2], size: [2, 2], geometry: { strides: [2, 2] } },
  'strides that leave rows and columns over': {
    x: [2, 1, 6, 7],
    w: [2, 1, 3, 2],
    size: [2, 2],
    geometry: { strides: [2, 3] },
  },
  'strides that leave padding over': {
    x: [1, 1, 6, 6],
    w: [1, 1, 3, 3],
    size: [3, 3],
    geometry: { strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  'strides beyond the kernel': { x: [1, 1, 6, 6], w: [2, 1, 1, 1], size: [2, 2], geometry: { strides: [3, 4] } },
  'a DCGAN layer': {
    x: [1, 2, 6, 6],
    w: [2, 2, 4, 4],
    size: [3, 3],
    geometry: { strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  dilations: { x: [1, 2, 5, 6], w: [2, 2, 2, 3], size: [3, 2], geometry: { dilations: [2, 2] } },
  'dilations, strides and uneven pads': {
    x: [2, 1, 6, 5],
    w: [2, 1, 2, 2],
    size: [3, 2],
    geometry: { dilations: [3, 2], strides: [2, 3], pads: [1, 2, 1, 0] },
  },
};

const transposed: Record<string, Case> = {
  'a kernel of one element': { x: [2, 3, 2, 2], w: [3, 2, 1, 1], size: [2, 2] },
  'a batch of 1 and one channel': { x: [1, 1, 2, 2], w: [1, 1, 3, 3], size: [4, 4] },
  'data of one element': { x: [2, 3, 1, 1], w: [3, 2, 3, 2], size: [3, 2] },
  'odd sizes and a kernel that is not square': { x: [2, 2, 3, 2], w: [2, 1, 2, 3], size: [4, 4] },
  'equal pads': { x: [1, 2, 3, 3], w: [2, 2, 3, 3], size: [3, 3], geometry: { pads: [1, 1, 1, 1] } },
  'a different pad on each side': { x: [1, 2, 3, 4], w: [2, 2, 3, 3], size: [3, 4], geometry: { pads: [0, 1, 2, 1] } },
  strides: { x: [1, 2, 3, 2], w: [2, 2, 3, 2], size: [7, 5], geometry: { strides: [2, 3] } },
  'strides beyond the kernel': { x: [1, 2, 2, 2], w: [2, 1, 1, 1], size: [4, 5], geometry: { strides: [3, 4] } },
  'output padding': {
    x: [1, 2, 2, 2],
    w: [2, 2, 3, 3],
    size: [6, 7],
    geometry: { strides: [2, 3] },
    outputPadding: [1, 1],
  },
  'output padding beside uneven pads': {
    x: [2, 1, 3, 2],
    w: [1, 2, 3, 3],
    size: [6, 6],
    geometry: { strides: [2, 3], pads: [1, 0, 1, 2] },
    outputPadding: [1, 2],
  },
  'a DCGAN layer': {
    x: [1, 2, 3, 3],
    w: [2, 2, 4, 4],
    size: [6, 6],
    geometry: { strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  dilations: { x: [1, 2, 2, 3], w: [2, 2, 2, 2], size: [4, 5], geometry: { dilations: [2, 2] } },
  'dilations, strides and output padding': {
    x: [1, 1, 2, 2],
    w: [1, 2, 2, 3],
    size: [7, 7],
    geometry: { dilations: [3, 2], strides: [2, 2], pads: [0, 1, 0, 0] },
    outputPadding: [1, 1],
  },
};

describe('Conv', () => {
  describe.each(Object.entries(convolutions))('with %s', (_, { x: xShape, w: wShape, size, geometry }) => {
    const [x, w, bias] = [random(xShape, 1), random(wShape, 2), random([wShape[0]!], 3)];

    it('computes the cross-correlation', async () => {
      expectClose(
        await forward((data, kernel) => conv(data, kernel, geometry), [x, w]),
        correlate(x, w, size, { ...plain, ...geometry }),
      );
    });

    it('has correct gradients, with and without a bias', async () => {
      await expectRightGradients((data, kernel) => conv(data, kernel, geometry), [x, w]);
      await expectRightGradients(
        (data, kernel, offset) => conv(data, kernel, { ...geometry, bias: offset }),
        [x, w, bias],
      );
    });
  });

  it('adds the bias of each channel', async () => {
    const result = await forward(
      (x, w, bias) => conv(x, w, { bias }),
      [tensor([1, 2], [1, 1, 1, 2]), tensor([1, 3], [2, 1, 1, 1]), tensor([10, 20])],
    );
    expectClose(result, tensor([11, 12, 23, 26], [1, 2, 1, 2]));
  });

  it('accepts one number for both axes or all sides', async () => {
    const [x, w] = [random([1, 1, 5, 5], 1), random([1, 1, 2, 2], 2)];
    const options: ConvOptions = { strides: 2, pads: 1, dilations: 3 };
    expectClose(
      await forward((data, kernel) => conv(data, kernel, options), [x, w]),
      correlate(x, w, [2, 2], { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [3, 3] }),
    );
  });

  it('has gradients that can be differentiated again', async () => {
    const [x, w] = [random([1, 2, 5, 4], 1), random([2, 2, 3, 2], 2)];
    for (const which of [0, 1]) {
      await expectRightGradients(
        (...inputs) =>
          gradients(lossOf(square(conv(inputs[0]!, inputs[1]!, { strides: 2, pads: [1, 0, 0, 1] }))), inputs)[which]!,
        [x, w],
      );
    }
  });

  it('rejects operands that do not match', () => {
    const x = input('x', [2, 3, 4, 4]);
    const w = input('w', [5, 3, 3, 3]);
    expectShapeError(() => conv(x, input('w', [5, 2, 3, 3])), 'Conv', '[2, 3, 4, 4]', '[5, 2, 3, 3]');
    expectShapeError(() => conv(input('x', [3, 4, 4]), w), 'Conv', '[3, 4, 4]', '[5, 3, 3, 3]');
    expectShapeError(() => conv(x, input('w', [5, 3, 3])), 'Conv', '[2, 3, 4, 4]', '[5, 3, 3]');
    expectShapeError(() => conv(x, w, { bias: input('b', [3]) }), 'Conv', '[2, 3, 4, 4]', '[5, 3, 3, 3]', '[3]');
    expectShapeError(() => conv(x, w, { bias: input('b', [5, 1]) }), 'Conv', '[5, 1]');
    expectShapeError(() => conv(x, input('w', [5, 3, 5, 1])), 'Conv', '[2, 3, 4, 4]', '[5, 3, 5, 1]');
    expectShapeError(() => conv(x, w, { dilations: [1, 2] }), 'Conv', '[2, 3, 4, 4]', '[5, 3, 3, 3]');
    expectShapeError(() => conv(input('x', [2, 3, 4, 4], 'uint8'), w), 'Conv', 'uint8 [2, 3, 4, 4]');
  });

  it('rejects strides and dilations below 1', () => {
    const [x, w] = [input('x', [2, 3, 4, 4]), input('w', [5, 3, 3, 3])];
    expectShapeError(() => conv(x, w, { strides: [0, 1] }), 'Conv', '[2, 3, 4, 4]', '[5, 3, 3, 3]');
    expectShapeError(() => conv(x, w, { dilations: [1, 0] }), 'Conv', '[2, 3, 4, 4]', '[5, 3, 3, 3]');
  });
});

describe('ConvTranspose', () => {
  describe.each(Object.entries(transposed))(
    'with %s',
    (_, { x: xShape, w: wShape, size, geometry, outputPadding = 0 }) => {
      const [x, w, bias] = [random(xShape, 1), random(wShape, 2), random([wShape[1]!], 3)];
      const options: ConvTransposeOptions = { ...geometry, outputPadding };

      it('computes the transposed convolution', async () => {
        expectClose(
          await forward((data, kernel) => convTranspose(data, kernel, options), [x, w]),
          scatter(x, w, size, { ...plain, ...geometry }),
        );
      });

      it('has correct gradients, with and without a bias', async () => {
        await expectRightGradients((data, kernel) => convTranspose(data, kernel, options), [x, w]);
        await expectRightGradients(
          (data, kernel, offset) => convTranspose(data, kernel, { ...options, bias: offset }),
          [x, w, bias],
        );
      });
    },
  );

  it('adds the bias of each channel, even to output padding', async () => {
    const result = await forward(
      (x, w, bias) => convTranspose(x, w, { bias, strides: [1, 2], outputPadding: [0, 1] }),
      [tensor([1, 2], [1, 1, 1, 2]), tensor([1, 3], [1, 2, 1, 1]), tensor([10, 20])],
    );
    expectClose(result, tensor([11, 10, 12, 10, 23, 20, 26, 20], [1, 2, 1, 4]));
  });

  it('is the adjoint of the convolution with the same kernel', async () => {
    const [x, y, w] = [random([1, 2, 6, 5], 1), random([1, 3, 3, 2], 2), random([3, 2, 3, 3], 3)];
    const options: ConvOptions = { strides: 2, pads: [1, 0, 1, 1] };
    const forwards = await forward((data, kernel) => conv(data, kernel, options), [x, w]);
    const backwards = await forward(
      (data, kernel) => convTranspose(data, kernel, { ...options, outputPadding: [1, 1] }),
      [y, w],
    );
    expect(forwards.shape).toEqual(y.shape);
    expect(backwards.shape).toEqual(x.shape);
    const inner = total(y.shape, (...position) => at(forwards, ...position) * at(y, ...position));
    expect(total(x.shape, (...position) => at(backwards, ...position) * at(x, ...position))).toBeCloseTo(inner, 4);
  });

  it('has gradients that can be differentiated again', async () => {
    const [x, w] = [random([1, 2, 2, 3], 1), random([2, 2, 3, 2], 2)];
    for (const which of [0, 1]) {
      await expectRightGradients(
        (...inputs) =>
          gradients(
            lossOf(square(convTranspose(inputs[0]!, inputs[1]!, { strides: 2, pads: [1, 0, 0, 1], outputPadding: 1 }))),
            inputs,
          )[which]!,
        [x, w],
      );
    }
  });

  it('rejects operands that do not match', () => {
    const x = input('x', [2, 3, 4, 4]);
    const w = input('w', [3, 5, 3, 3]);
    expectShapeError(() => convTranspose(x, input('w', [5, 3, 3, 3])), 'ConvTranspose', '[2, 3, 4, 4]', '[5, 3, 3, 3]');
    expectShapeError(() => convTranspose(input('x', [3, 4, 4]), w), 'ConvTranspose', '[3, 4, 4]', '[3, 5, 3, 3]');
    expectShapeError(
      () => convTranspose(x, w, { bias: input('b', [3]) }),
      'ConvTranspose',
      '[2, 3, 4, 4]',
      '[3, 5, 3, 3]',
      '[3]',
    );
    expectShapeError(() => convTranspose(x, w, { pads: 3 }), 'ConvTranspose', '[2, 3, 4, 4]', '[3, 5, 3, 3]');
    expectShapeError(() => convTranspose(input('x', [2, 3, 4, 4], 'bool'), w), 'ConvTranspose', 'bool [2, 3, 4, 4]');
  });

  it('rejects output padding that is not below the stride', () => {
    const [x, w] = [input('x', [2, 3, 4, 4]), input('w', [3, 5, 3, 3])];
    expectShapeError(
      () => convTranspose(x, w, { strides: 2, outputPadding: 2 }),
      'ConvTranspose',
      '[2, 3, 4, 4]',
      '[3, 5, 3, 3]',
    );
    // ONNX Runtime does not run it, whatever the dilation, and a convolution by the stride would not lead back to the
    // data.
    expectShapeError(
      () => convTranspose(x, w, { dilations: 2, outputPadding: 1 }),
      'ConvTranspose',
      '[2, 3, 4, 4]',
      '[3, 5, 3, 3]',
    );
  });
});

describe('the gradient of a kernel', () => {
  const options: ConvOptions = { strides: 2, pads: [1, 0, 2, 1], dilations: [1, 2] };
  const tensors = [random([2, 3, 6, 7], 1), random([4, 3, 3, 2], 2)];

  it('is one operator with the geometry of the convolution', () => {
    const { gradient1 } = gradientGraph((x, w) => square(conv(x, w, options)), tensors).outputs;
    expect(gradient1).toMatchObject({
      operator: { name: 'KernelGradient' },
      attributes: { strides: [2, 2], pads: [1, 0, 2, 1], dilations: [1, 2], kernel: [4, 3, 3, 2] },
      shape: [4, 3, 3, 2],
    });
  });

  it.each(Object.keys(targets) as (keyof typeof targets)[])('is the same of transposed data for %s', async (target) => {
    const build: Build = (x, w) => square(conv(transpose(x, [0, 1, 3, 2]), w, { pads: 1 }));
    const graph = gradientGraph(build, tensors);
    expect(operatorsOf(lower(graph, targets[target]))).not.toContain('KernelGradient');
    const [expected, actual] = [await run(graph, tensors, targets.plain), await run(graph, tensors, targets[target])];
    expectClose(actual.gradient1!, expected.gradient1!, 1e-4);
  });
});
