import { describe, expect, it } from 'vitest';
import { graphOf, importOnnx, type TensorData } from '../../../src/engine/index.js';
import { compileSmall, runModel } from '../running.js';
import { bools, random, tensor } from '../tensors.js';
import { type NodeCase, nodeModel } from './nodeModels.js';

const ints = (elements: readonly number[], shape = [elements.length]): TensorData<'int64'> => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(elements, BigInt),
});
const scalar = (element: number) => ints([element], []);
const x = random([2, 3, 4], 1, -2, 2);
const matrix = random([3, 4], 2);
const counts = ints([7, -7, 0, 3, 5, -2], [2, 3]);
const divisors = ints([2, 2, 5, -2, 3, 3], [2, 3]);
const image = random([2, 4, 6, 7], 3);
const scales: readonly TensorData[] = [tensor([1, 1, 2, 2]), tensor([1, 1, 2, 3])];
const mask = bools([true, false, true, false, false, true], [2, 3]);

type Case = Omit<NodeCase, 'opType'> & { opType?: string };
const CASES: Record<string, readonly Case[]> = {
  Shape: [
    { inputs: [x] },
    { inputs: [x], attributes: { start: 1 } },
    { inputs: [x], attributes: { start: -2, end: -1 } },
  ],
  Size: [{ inputs: [x] }],
  ConstantOfShape: [{ inputs: [ints([2, 3])] }],
  Range: [{ inputs: [scalar(2), scalar(11), scalar(3)] }, { inputs: [scalar(5), scalar(0), scalar(-2)] }],
  Add: [{ inputs: [counts, scalar(2)] }, { inputs: [x, matrix] }],
  Sub: [{ inputs: [counts, divisors] }, { inputs: [matrix, x] }],
  Mul: [{ inputs: [counts, divisors] }, { inputs: [x, x] }],
  Div: [{ inputs: [counts, divisors] }, { inputs: [x, random([4], 5, 1, 2)] }],
  Mod: [{ inputs: [counts, divisors] }, { inputs: [counts, divisors], attributes: { fmod: 1 } }],
  Pow: [{ inputs: [counts, ints([2])] }, { inputs: [random([3], 1, 0.5, 2), tensor([1.5, -1, 0])] }],
  Min: [{ inputs: [counts, divisors] }, { inputs: [x, matrix] }],
  Max: [{ inputs: [counts, divisors, scalar(1)] }, { inputs: [x, matrix] }],
  Equal: [{ inputs: [counts, ints([7])] }],
  Less: [{ inputs: [counts, divisors] }, { inputs: [x, matrix] }],
  GreaterOrEqual: [{ inputs: [counts, divisors] }],
  And: [{ inputs: [mask, bools([true, true, false])] }],
  Or: [{ inputs: [mask, bools([true, true, false])] }],
  Xor: [{ inputs: [mask, bools([true, true, false])] }],
  Not: [{ inputs: [mask] }],
  Neg: [{ inputs: [counts] }, { inputs: [x] }],
  Abs: [{ inputs: [counts] }],
  Floor: [{ inputs: [x] }],
  Ceil: [{ inputs: [x] }],
  Round: [{ inputs: [tensor([0.5, 1.5, 2.5, -0.5, -1.5, 2.4])] }],
  Sqrt: [{ inputs: [random([3], 1, 1, 2)] }],
  Reciprocal: [{ inputs: [random([3], 1, 1, 2)] }],
  Cast: [
    { inputs: [x], attributes: { to: 7 } },
    { inputs: [counts], attributes: { to: 1 } },
    { inputs: [counts], attributes: { to: 9 } },
    { inputs: [x], attributes: { to: 9 } },
  ],
  Where: [{ inputs: [mask, counts, divisors] }, { inputs: [mask, tensor([1, 2, 3]), tensor([4], [1, 1])] }],
  ReduceSum: [
    { inputs: [counts, ints([1])], attributes: { keepdims: 0 } },
    { inputs: [x, ints([-1])] },
    { inputs: [x], attributes: { axes: [0, 2] }, opset: 11 },
    { inputs: [x, null], attributes: { noop_with_empty_axes: 1 } },
  ],
  ReduceMean: [{ inputs: [x], attributes: { axes: [1], keepdims: 0 }, opset: 13 }, { inputs: [x, ints([2])] }],
  ReduceProd: [{ inputs: [counts], attributes: { axes: [1] }, opset: 13 }],
  ReduceMax: [{ inputs: [x], attributes: { axes: [1] }, opset: 13 }, { inputs: [counts, ints([0])] }],
  ReduceMin: [{ inputs: [x, ints([0, 1])], attributes: { keepdims: 0 } }],
  ReduceL2: [{ inputs: [x, ints([1])] }],
  ReduceLogSumExp: [{ inputs: [x, ints([1])], attributes: { keepdims: 0 } }],
  Concat: [
    { inputs: [counts, divisors], attributes: { axis: -1 } },
    { inputs: [x, x], attributes: { axis: 1 } },
  ],
  Slice: [
    { inputs: [counts, ints([0]), ints([2]), ints([1])] },
    { inputs: [x, ints([1, -3]), ints([9, 100]), ints([1, 2]), ints([1, 2])] },
    { inputs: [counts, ints([-1]), ints([-100]), ints([1]), ints([-1])] },
    { inputs: [x, ints([2, -1]), ints([0, -9]), ints([1, 2]), ints([-2, -1])] },
    { inputs: [x], attributes: { starts: [1], ends: [3], axes: [2] }, opset: 9 },
  ],
  Split: [
    { inputs: [x, ints([1, 3])], attributes: { axis: 2 }, outputs: 2 },
    { inputs: [counts], attributes: { axis: 1 }, outputs: 3, opset: 13 },
    { inputs: [x], attributes: { axis: 2, split: [3, 1] }, outputs: 2, opset: 11 },
  ],
  Gather: [
    { inputs: [counts, ints([2, 0])], attributes: { axis: 1 } },
    { inputs: [counts, scalar(-1)] },
    { inputs: [x, ints([2, 0, -1, 2], [2, 2])], attributes: { axis: 1 } },
  ],
  Squeeze: [
    { inputs: [ints([1, 2], [1, 2, 1])] },
    { inputs: [random([1, 2, 1], 1), ints([-1])] },
    { inputs: [random([1, 2, 1], 1)], attributes: { axes: [0] }, opset: 11 },
  ],
  Unsqueeze: [{ inputs: [counts, ints([0, -1])] }, { inputs: [x], attributes: { axes: [1] }, opset: 11 }],
  Reshape: [{ inputs: [counts, ints([-1, 2])] }, { inputs: [x, ints([0, -1])] }, { inputs: [x, ints([4, 0, 2])] }],
  Flatten: [{ inputs: [x] }, { inputs: [x], attributes: { axis: 0 } }, { inputs: [x], attributes: { axis: -1 } }],
  Transpose: [{ inputs: [counts] }, { inputs: [x], attributes: { perm: [1, 2, 0] } }],
  Expand: [{ inputs: [ints([1, 2], [2, 1]), ints([3, 1, 4])] }, { inputs: [matrix, ints([2, 1, 1])] }],
  Tile: [{ inputs: [counts, ints([2, 1])] }, { inputs: [matrix, ints([1, 3])] }],
  Trilu: [
    { inputs: [counts], attributes: { upper: 0 } },
    { inputs: [counts, scalar(1)] },
    { inputs: [ints([...Array(18).keys()], [2, 3, 3]), scalar(-1)] },
    { inputs: [x, scalar(1)] },
  ],
  NonZero: [{ inputs: [counts] }],
  CumSum: [{ inputs: [counts, scalar(1)] }, { inputs: [x, scalar(-1)] }],
  Identity: [{ inputs: [counts] }, { inputs: [x] }],
  Dropout: [{ inputs: [x] }, { inputs: [x], attributes: { ratio: { f: 0.5 } }, opset: 10 }],
  Clip: [
    { inputs: [x, tensor([-0.5], []), tensor([0.5], [])] },
    { inputs: [x, null, tensor([0.5], [])] },
    { inputs: [x], attributes: { min: { f: 0 }, max: { f: 6 } }, opset: 7 },
  ],
  Pad: [
    { inputs: [x, ints([0, 1, 0, 2, 0, 1]), tensor([3], [])] },
    { inputs: [x], attributes: { pads: [0, 0, 1, 0, 0, 2], value: { f: 2 } }, opset: 7 },
    { inputs: [x, ints([0, 0, -1, 0, 1, 0])] },
    { inputs: [x, ints([0, 1, 1, 1, 0, 2])], attributes: { mode: 'reflect' } },
    { inputs: [x, ints([0, 1, 1, 1, 0, 2])], attributes: { mode: 'edge' } },
  ],
  MatMul: [
    { inputs: [x, random([4, 2], 3)] },
    { inputs: [random([4], 1), random([4, 2], 3)] },
    { inputs: [x, random([4], 3)] },
    { inputs: [random([4], 1), random([4], 3)] },
  ],
  Gemm: [
    { inputs: [random([3, 2], 1), random([4, 3], 2), random([4], 3)], attributes: { transA: 1, transB: 1 } },
    {
      inputs: [random([2, 3], 1), random([3, 4], 2), random([2, 1], 3)],
      attributes: { alpha: { f: 0.5 }, beta: { f: 2 } },
    },
    { inputs: [random([2, 3], 1), random([3, 4], 2)] },
  ],
  Conv: [
    {
      inputs: [image, random([4, 2, 3, 2], 4), random([4], 5)],
      attributes: { group: 2, strides: [2, 1], pads: [1, 0, 0, 1] },
    },
    { inputs: [image, random([3, 4, 3, 3], 4)], attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] } },
    { inputs: [image, random([3, 4, 2, 2], 4)], attributes: { auto_pad: 'SAME_LOWER' } },
    { inputs: [image, random([3, 4, 3, 3], 4)], attributes: { auto_pad: 'VALID', dilations: [2, 2] } },
    {
      inputs: [random([2, 3, 9], 1), random([4, 3, 3], 2), random([4], 5)],
      attributes: { pads: [2, 1], strides: [2] },
    },
  ],
  ConvTranspose: [
    {
      inputs: [image, random([4, 3, 3, 3], 4), random([3], 5)],
      attributes: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] },
    },
    { inputs: [image, random([4, 3, 3, 3], 4)], attributes: { strides: [2, 2], auto_pad: 'SAME_UPPER' } },
    { inputs: [image, random([4, 3, 3, 3], 4)], attributes: { strides: [2, 2], output_shape: [12, 14] } },
    { inputs: [random([2, 3, 9], 1), random([3, 2, 4], 2)], attributes: { strides: [2], pads: [1, 1] } },
  ],
  MaxPool: [
    { inputs: [image], attributes: { kernel_shape: [2, 3], strides: [2, 2], pads: [1, 0, 0, 1] } },
    { inputs: [image], attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 } },
    { inputs: [random([2, 3, 9], 1)], attributes: { kernel_shape: [3] } },
    { inputs: [image], attributes: { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER', strides: [2, 2] } },
  ],
  AveragePool: [
    { inputs: [image], attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } },
    {
      inputs: [image],
      attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1, strides: [2, 2] },
    },
    { inputs: [image], attributes: { kernel_shape: [2, 2] } },
    { inputs: [random([2, 3, 9], 1)], attributes: { kernel_shape: [4], strides: [3], pads: [1, 2] } },
  ],
  GlobalAveragePool: [{ inputs: [image] }, { inputs: [random([2, 3, 9], 1)] }],
  GlobalMaxPool: [{ inputs: [image] }, { inputs: [random([2, 3, 9], 1)] }],
  BatchNormalization: [
    {
      inputs: [image, random([4], 1), random([4], 2), random([4], 3), random([4], 4, 0.5, 2)],
      attributes: { epsilon: { f: 1e-3 } },
    },
  ],
  LayerNormalization: [
    { inputs: [x, random([4], 1), random([4], 2)] },
    { inputs: [x, random([3, 4], 1)], attributes: { axis: 1, epsilon: { f: 0.1 } } },
  ],
  InstanceNormalization: [{ inputs: [image, random([4], 1), random([4], 2)], attributes: { epsilon: { f: 0.1 } } }],
  GroupNormalization: [
    { inputs: [image, random([4], 1), random([4], 2)], attributes: { num_groups: 2 }, opset: 21 },
    { inputs: [image, random([2], 1), random([2], 2)], attributes: { num_groups: 2 }, opset: 18 },
  ],
  LRN: [{ inputs: [image], attributes: { size: 3, alpha: { f: 0.1 } } }],
  LpNormalization: [
    { inputs: [x], attributes: { axis: 1 } },
    { inputs: [x], attributes: { p: 1 } },
  ],
  Softmax: [
    { inputs: [x] },
    { inputs: [x], attributes: { axis: 1 } },
    { inputs: [x], opset: 11 },
    { inputs: [x], attributes: { axis: 2 }, opset: 12 },
  ],
  LogSoftmax: [
    { inputs: [x], attributes: { axis: 0 } },
    { inputs: [x], opset: 9 },
  ],
  GatherElements: [{ inputs: [x, ints([0, 1, 1, -1], [1, 1, 4])], attributes: { axis: 0 } }],
  GatherND: [
    { inputs: [x, ints([0, 1, 1, 2], [2, 2])] },
    { inputs: [x, ints([1, 2], [2, 1])], attributes: { batch_dims: 1 } },
  ],
  ScatterElements: [
    { inputs: [matrix, ints([1, 0], [1, 2]), random([1, 2], 7)] },
    { inputs: [matrix, ints([1, 1], [2, 1]), random([2, 1], 7)], attributes: { axis: 1, reduction: 'add' } },
  ],
  ScatterND: [
    { inputs: [matrix, ints([1, 0], [2, 1]), random([2, 4], 7)] },
    { inputs: [matrix, ints([1, 1], [2, 1]), random([2, 4], 7)], attributes: { reduction: 'add' } },
  ],
  Resize: [
    { inputs: [image, null, scales[0]!], attributes: { mode: 'linear' } },
    {
      inputs: [image, null, scales[0]!],
      attributes: { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    },
    { inputs: [image, null, null, ints([2, 4, 9, 5])], attributes: { mode: 'cubic', cubic_coeff_a: { f: -0.5 } } },
    { inputs: [image, null, null, ints([4, 9])], attributes: { mode: 'linear', axes: [3, 2] } },
    {
      inputs: [image, null, null, ints([2, 4, 3, 3])],
      attributes: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    },
    { inputs: [image, scales[1]!], attributes: { mode: 'nearest' }, opset: 10 },
  ],
  Upsample: [
    { inputs: [image, scales[0]!], opset: 9 },
    { inputs: [image], attributes: { scales: { floats: [1, 1, 2, 2] } }, opset: 7 },
  ],
  Einsum: [
    { inputs: [x, random([2, 4, 5], 4)], attributes: { equation: 'bij,bjk->bik' } },
    { inputs: [x], attributes: { equation: 'abc->ca' } },
  ],
  DepthToSpace: [
    { inputs: [image], attributes: { blocksize: 2 } },
    { inputs: [image], attributes: { blocksize: 2, mode: 'CRD' } },
  ],
  SpaceToDepth: [{ inputs: [random([1, 2, 4, 6], 1)], attributes: { blocksize: 2 } }],
  ArgMax: [{ inputs: [x], attributes: { axis: 1 } }],
  ArgMin: [{ inputs: [x], attributes: { axis: -1, keepdims: 0 } }],
  LeakyRelu: [{ inputs: [x] }, { inputs: [x], attributes: { alpha: { f: 0.2 } } }],
  Elu: [{ inputs: [x] }],
  Celu: [{ inputs: [x], attributes: { alpha: { f: 2 } } }],
  Selu: [{ inputs: [x] }],
  HardSigmoid: [{ inputs: [x] }, { inputs: [x], attributes: { alpha: { f: 0.5 }, beta: { f: 0.4 } } }],
  HardSwish: [{ inputs: [x] }],
  PRelu: [{ inputs: [x, random([3, 1], 4)] }],
  Sum: [{ inputs: [x, matrix, x] }],
  Mean: [{ inputs: [x, matrix] }],
  ...Object.fromEntries(
    [
      'Relu',
      'Sigmoid',
      'Tanh',
      'Erf',
      'Exp',
      'Softplus',
      'Softsign',
      'Mish',
      'ThresholdedRelu',
      'Sin',
      'Cos',
      'Sign',
    ].map((opType) => [opType, [{ inputs: [x] }]]),
  ),
};

/** Indices, scalars such as limits, and scales of images. */
const isParameter = (input: TensorData) =>
  input.type !== 'float32' || input.shape.length === 0 || scales.includes(input);
const feedsOf = ({ inputs }: Pick<NodeCase, 'inputs'>, isFed: (input: TensorData) => boolean) =>
  Object.fromEntries(inputs.flatMap((input, index) => (input && isFed(input) ? [[`input${index}`, input]] : [])));

function expectClose(actual: TensorData, expected: TensorData, opType: string) {
  expect(actual.shape, opType).toEqual(expected.shape);
  const [found, wanted] = [
    Array.from(actual.data as Float32Array, Number),
    Array.from(expected.data as Float32Array, Number),
  ];
  found.forEach((element, index) => expect(element, opType).toBeCloseTo(wanted[index]!, 5));
}

describe.each(Object.entries(CASES))('%s', (opType, cases) => {
  it('is imported as ONNX Runtime computes it', async () => {
    for (const each of cases) {
      const node: NodeCase = { opType, ...each };
      const expected = await runModel(
        nodeModel(node, () => false),
        feedsOf(node, () => true),
      );
      const folded = await importOnnx(nodeModel(node, () => true));
      const built = await importOnnx(nodeModel(node, isParameter));
      for (const { outputs } of [folded, built]) {
        const program = await compileSmall(graphOf(outputs));
        const fed = Object.entries(feedsOf(node, (input) => outputs === built.outputs && !isParameter(input)));
        const used = fed.filter(([name]) => program.signature.inputs.has(name));
        const results = await program.run(Object.fromEntries(used.map(([name, { data }]) => [name, data])));
        for (const [name, result] of Object.entries(results)) expectClose(result, expected[name]!, opType);
        await program.release();
      }
    }
  });
});
