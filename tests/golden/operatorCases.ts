/** The operators of PyTorch in `operators.safetensors`, by the names in make_operators.py. */
import * as engine from '../../src/engine/index.js';
import { gradients, input, type InputValue, mul, type Shape, sumOf, type TensorFile } from '../../src/engine/index.js';
import { constantTensor, type TensorData, type Value } from '../../src/engine/value.js';

type Tensors = TensorFile['tensors'];

export const tensorOf = (tensors: Tensors, name: string): TensorData<'float32'> => ({
  type: 'float32',
  ...tensors[name]!,
});

const integers = (data: readonly number[], shape: Shape) =>
  constantTensor({ type: 'int64', shape, data: BigInt64Array.from(data, BigInt) });

const rows = integers([0, -3, -4, 1, -2, 2], [2, 3]);
const elements = integers([2, 4, 3, 1, 3, 1, 3, 2, 2, 0, 1, 2], [4, 3]);
const running = [engine.constant([0.25, -0.5, 0.75, 1]), engine.constant([0.5, 1, 2, 1.5])] as const;
const sizes = [1, 2, 9, 10];

type Build = (x: Value, y: Value, z: Value) => Value;

export const CASES: Record<string, Build> = {
  maxPool: (x) => engine.maxPool(x, 3, { strides: 2, pads: 1 }),
  'maxPool.ties': (x) => engine.maxPool(x, [3, 2], { strides: [2, 1], pads: [1, 0, 1, 0] }),
  'maxPool.dilations': (x) => engine.maxPool(x, 2, { strides: 1, pads: 1, dilations: 3 }),
  'maxPool.ceilMode': (x) => engine.maxPool(x, 2, { ceilMode: true }),
  averagePool: (x) => engine.averagePool(x, 3, { strides: 2, pads: 1 }),
  'averagePool.countPadding': (x) => engine.averagePool(x, 3, { strides: 2, pads: 1, countPadding: true }),
  'averagePool.ceilMode': (x) => engine.averagePool(x, 2, { strides: 3, pads: 1, ceilMode: true, countPadding: true }),
  'conv.groups': (x, w, bias) => engine.conv(x, w, { bias, strides: 2, pads: 1, groups: 2 }),
  'conv.depthwise': (x, w) => engine.conv(x, w, { pads: 2, dilations: 2, groups: 4 }),
  'convTranspose.groups': (x, w, bias) =>
    engine.convTranspose(x, w, { bias, strides: 2, pads: 1, outputPadding: 1, groups: 2 }),
  sigmoid: engine.sigmoid,
  tanh: engine.tanh,
  erf: engine.erf,
  gelu: (x) => engine.gelu(x),
  'gelu.tanh': (x) => engine.gelu(x, 'tanh'),
  hardSigmoid: (x) => engine.hardSigmoid(x, 1 / 6, 0.5),
  hardSwish: engine.hardSwish,
  softplus: engine.softplus,
  softsign: engine.softsign,
  mish: engine.mish,
  elu: (x) => engine.elu(x, 0.7),
  selu: (x) => engine.selu(x),
  celu: (x) => engine.celu(x, 0.7),
  leakyRelu: (x) => engine.leakyRelu(x, 0.2),
  prelu: (x, slope) => engine.prelu(x, engine.reshape(slope, [3, 1])),
  relu: engine.relu,
  abs: engine.abs,
  pow: engine.pow,
  'pow.zero': (x) => engine.pow(x, 2.5),
  'pow.cube': (x) => engine.pow(x, 3),
  sqrt: engine.sqrt,
  exp: engine.exp,
  log: engine.log,
  reciprocal: engine.reciprocal,
  sin: engine.sin,
  cos: engine.cos,
  max: (x, y) => engine.max(x, y),
  min: (x, y) => engine.min(x, y),
  where: (x, y) => engine.where(engine.greater(x, y), engine.square(x), y),
  softmax: (x) => engine.softmax(x, 1),
  logSoftmax: (x) => engine.logSoftmax(x, -1),
  layerNormalization: (...values) => engine.layerNormalization(...values, { axis: 1, epsilon: 1e-3 }),
  instanceNormalization: (...values) => engine.instanceNormalization(...values, 1e-3),
  groupNormalization: (x, scale, bias) => engine.groupNormalization(x, 2, scale, bias, 1e-3),
  batchNormalization: (...values) => engine.batchNormalization(...values, 1e-3),
  batchNormInference: (...values) => engine.batchNormInference(...values, ...running, 1e-3),
  localResponseNormalization: (x) => engine.localResponseNormalization(x, 3, { alpha: 0.5, bias: 1.5 }),
  gather: (x) => engine.gather(x, rows, 1),
  gatherElements: (x) => engine.gatherElements(x, elements, 1),
  scatterElements: (x, y) => engine.scatterElements(x, elements, y, 1, 'add'),
  tile: (x) => engine.tile(x, [2, 1, 3]),
  expand: (x) => engine.expand(x, [3, 4, 5]),
  concat: (...values) => engine.concat(values, 1),
  slice: (x) => engine.slice(x, 1, 1, 6, 2),
  transpose: (x) => engine.transpose(x, [2, 0, 1]),
  'pad.reflect': (x) => engine.padBy(x, 'reflect', [0, 0, 0, 2], [0, 0, 3, 1]),
  'pad.edge': (x) => engine.padBy(x, 'edge', [0, 0, 0, 2], [0, 0, 3, 1]),
  'interpolate.nearest': (x) => engine.interpolate(x, { sizes, coordinates: 'asymmetric', nearest: 'floor' }),
  'interpolate.linear': (x) => engine.interpolate(x, { sizes, mode: 'linear' }),
  'interpolate.corners': (x) =>
    engine.interpolate(x, { sizes: [1, 2, 9, 3], mode: 'linear', coordinates: 'align_corners' }),
  'interpolate.cubic': (x) => engine.interpolate(x, { sizes: [1, 2, 9, 3], mode: 'cubic' }),
  depthToSpace: (x) => engine.depthToSpace(x, 2, 'CRD'),
  // With one channel, the order of its parts has no effect.
  spaceToDepth: (x) => engine.spaceToDepth(x, 2),
  matMul: engine.matMul,
  'matMul.vector': engine.matMul,
  'matMul.shared': engine.matMul,
  gemm: (a, b, c) => engine.gemm(a, b, { c, alpha: 2, beta: 0.5, transA: true }),
  einsum: (a, b) => engine.einsum('bhid,bhjd->bihj', a, b),
  reduceMean: (x) => engine.reduceMean(x, [0, 2], { keepAxes: false }),
  reduceSum: (x) => engine.reduceSum(x, [1]),
  reduceMax: (x) => engine.reduceMax(x, [1], { keepAxes: false }),
  reduceMin: (x) => engine.reduceMin(x, [0, 2], { keepAxes: false }),
  reduceL1: (x) => engine.reduceL1(x, [1], { keepAxes: false }),
  reduceL2: (x) => engine.reduceL2(x, [0, 2], { keepAxes: false }),
  reduceProd: (x) => engine.reduceProd(x, [1], { keepAxes: false }),
  reduceLogSumExp: (x) => engine.reduceLogSumExp(x, [1, 2], { keepAxes: false }),
  cumSum: (x) => engine.cumSum(x, 1),
  'cumSum.reverse': (x) => engine.cumSum(x, 1, { reverse: true }),
  trilu: (x) => engine.trilu(x, 'upper', 1),
};

/** Value and gradients of each case, named as in the file. */
export function outputsOf(tensors: Tensors, name: string): Record<string, Value> {
  const names = Object.keys(tensors).filter((each) => each.startsWith(`${name}/input`));
  const inputs = names.map((each) => input(each, tensors[each]!.shape)) as [InputValue, InputValue, InputValue];
  const value = CASES[name]!(...inputs);
  const loss = sumOf(mul(value, constantTensor(tensorOf(tensors, `${name}/weights`))));
  const results = gradients(loss, inputs).map((gradient, number) => [`${name}/gradient${number}`, gradient] as const);
  return { [`${name}/value`]: value, ...Object.fromEntries(results) };
}
