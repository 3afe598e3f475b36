/** Files in the styles of exporters other than PyTorch's, made by hand. */
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { importOnnx, input, meanOf, ModelTraining, square, sub, type TensorData } from '../../src/engine/index.js';
import { expectCloseElements } from '../engine/expectations.js';
import { expectInputError } from '../rejection.js';
import { compileSmall, runModel } from '../engine/running.js';
import { random } from '../engine/tensors.js';
import {
  type AttributeInit,
  attributeOf,
  type GraphInit,
  infoOf,
  modelOf,
  type NodeInit,
  tensorProto,
} from '../engine/import/nodeModels.js';

const [FLOAT, INT64] = [1, 7];
const shapeOf = (sizes: readonly number[]): TensorData<'int64'> => ({
  type: 'int64',
  shape: [sizes.length],
  data: BigInt64Array.from(sizes, BigInt),
});
const node = (opType: string, inputs: string[], output: string, more: NodeInit = {}): NodeInit => ({
  opType,
  input: inputs,
  output: [output],
  ...more,
});

const attributesOf = (values: Record<string, AttributeInit>) =>
  Object.entries(values).map(([name, value]) => attributeOf(name, value));

/** As skl2onnx writes an MLPClassifier: labels are looked up by an operator of another domain. */
function scikitModel() {
  const graph: GraphInit = {
    name: 'ONNX(MLPClassifier)',
    node: [
      node('Cast', ['X'], 'cast_input', { attribute: attributesOf({ to: FLOAT }) }),
      node('MatMul', ['cast_input', 'coefficient'], 'mul_result'),
      node('Add', ['mul_result', 'intercepts'], 'add_result'),
      node('Relu', ['add_result'], 'next_activations'),
      node('MatMul', ['next_activations', 'coefficient1'], 'mul_result1'),
      node('Add', ['mul_result1', 'intercepts1'], 'add_result1'),
      node('Softmax', ['add_result1'], 'probabilities', { attribute: attributesOf({ axis: 1 }) }),
      node('ArgMax', ['probabilities'], 'argmax_output', { attribute: attributesOf({ axis: 1 }) }),
      node('ArrayFeatureExtractor', ['classes', 'argmax_output'], 'labels', {
        domain: 'ai.onnx.ml',
        name: 'ArrayFeatureExtractor',
      }),
      node('Reshape', ['labels', 'shape_tensor'], 'label'),
    ],
    input: [infoOf('X', FLOAT, ['', 3])],
    output: [infoOf('label', INT64, ['']), infoOf('probabilities', FLOAT, ['', 2])],
    initializer: [
      tensorProto('coefficient', random([3, 5], 1)),
      tensorProto('intercepts', random([1, 5], 2)),
      tensorProto('coefficient1', random([5, 2], 3)),
      tensorProto('intercepts1', random([1, 2], 4)),
      tensorProto('classes', shapeOf([7, 9])),
      tensorProto('shape_tensor', shapeOf([-1])),
    ],
  };
  const opsetImport = [
    { domain: 'ai.onnx.ml', version: 1n },
    { domain: '', version: 17n },
  ];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph }));
}

/** As tf2onnx writes a Keras model: channels last outside, first inside, with a reshape of constant sizes. */
const kerasModel = () =>
  modelOf(
    {
      name: 'tf2onnx',
      node: [
        node('Transpose', ['input_1'], 'conv2d/Conv2D__6:0', { attribute: attributesOf({ perm: [0, 3, 1, 2] }) }),
        node('Conv', ['conv2d/Conv2D__6:0', 'conv2d/kernel', 'conv2d/bias'], 'conv2d/BiasAdd:0', {
          attribute: attributesOf({ dilations: [1, 1], strides: [1, 1], kernel_shape: [3, 3], auto_pad: 'SAME_UPPER' }),
        }),
        node('Relu', ['conv2d/BiasAdd:0'], 'conv2d/Relu:0'),
        node('MaxPool', ['conv2d/Relu:0'], 'max_pooling2d/MaxPool:0', {
          attribute: attributesOf({ strides: [2, 2], kernel_shape: [2, 2], auto_pad: 'VALID' }),
        }),
        node('Transpose', ['max_pooling2d/MaxPool:0'], 'max_pooling2d/MaxPool__16:0', {
          attribute: attributesOf({ perm: [0, 2, 3, 1] }),
        }),
        node('Reshape', ['max_pooling2d/MaxPool__16:0', 'flatten/Const:0'], 'flatten/Reshape:0'),
        node('MatMul', ['flatten/Reshape:0', 'dense/kernel'], 'dense/MatMul:0'),
        node('Add', ['dense/MatMul:0', 'dense/bias'], 'dense/BiasAdd:0'),
        node('Softmax', ['dense/BiasAdd:0'], 'dense'),
      ],
      input: [infoOf('input_1', FLOAT, ['unk__17', 6, 6, 2])],
      output: [infoOf('dense', FLOAT, ['unk__18', 3])],
      initializer: [
        tensorProto('conv2d/kernel', random([4, 2, 3, 3], 1)),
        tensorProto('conv2d/bias', random([4], 2)),
        tensorProto('flatten/Const:0', shapeOf([-1, 36])),
        tensorProto('dense/kernel', random([36, 3], 3)),
        tensorProto('dense/bias', random([3], 4)),
      ],
    },
    13,
  );

describe.each([
  [
    "scikit-learn's perceptron",
    scikitModel(),
    { dimension: 'X.0', output: 'probabilities', x: ['X', random([4, 3], 5)] },
  ],
  ['a Keras model', kerasModel(), { dimension: 'unk__17', output: 'dense', x: ['input_1', random([4, 6, 6, 2], 5)] }],
] as const)('%s', (_, bytes, { dimension, output, x: [name, x] }) => {
  it('is trained, and its file then computes what was learned', async () => {
    const model = await importOnnx(bytes, { dimensions: { [dimension]: 4 }, outputs: [output] });
    const y = model.outputs[output]!;
    const before = (await runModel(bytes, { [name]: x }))[output]!;
    const target = input('target', y.shape);
    const loss = meanOf(square(sub(y, target)));
    const training = await ModelTraining.start(model, {
      loss,
      learningRate: 0.05,
      compile: compileSmall,
    });
    const classes = y.shape[1]!;
    const targets = Float32Array.from({ length: 4 * classes }, (__, index) => Number(index % classes === 0));
    const errorOf = (rows: TensorData) =>
      targets.reduce((sum, each, index) => sum + (each - Number(rows.data[index])) ** 2, 0) / targets.length;
    const first = await training.step({ [name]: x.data, target: targets });
    // The graph computes what ONNX Runtime does.
    expectCloseElements([first.loss], [errorOf(before)], 1e-5);
    for (let step = 0; step < 30; step++) await training.step({ [name]: x.data, target: targets });
    const trained = (await runModel(await training.toOnnx(), { [name]: x }))[output]!;
    await training.release();
    expect(errorOf(trained)).toBeLessThan(0.1 * errorOf(before));
  });
});

it('operators of other domains are rejected only if outputs depend on them', async () => {
  await expectInputError(
    () => importOnnx(scikitModel(), { dimensions: { 'X.0': 4 } }),
    'node "ArrayFeatureExtractor" (ArrayFeatureExtractor): is an operator of the domain "ai.onnx.ml"',
    'or set outputs to tensors before it',
  );
});
