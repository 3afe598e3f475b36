import { encode, OPSET } from '../../src/engine/onnx.js';
import { fromBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  type GraphProto,
  ModelProtoSchema,
  TensorProto_DataType,
  type ValueInfoProto,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import {
  add,
  argMin,
  cast,
  clip,
  concat,
  constant,
  constantTensor,
  conv,
  convTranspose,
  equal,
  exp,
  graphOf,
  input,
  leakyRelu,
  mul,
  pad,
  reduceMax,
  reduceSum,
  relu,
  reshape,
  slice,
  transpose,
  type Value,
  where,
} from '../../src/engine/index.js';
import { apply } from '../../src/engine/operator.js';
import { expectSame } from './expectations.js';
import { runModel } from './running.js';
import { tensor } from './tensors.js';
import type { Operator } from '../../src/engine/value.js';

const { FLOAT, FLOATS, INT, INTS, STRING } = AttributeProto_AttributeType;
const x = input('x', [2, 3]);
const data = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

const parse = async (outputs: Record<string, Value>, declared: Parameters<typeof graphOf>[1] = []) =>
  fromBinary(ModelProtoSchema, await encode(graphOf(outputs, declared)));

async function graphProto(
  outputs: Record<string, Value>,
  declared: Parameters<typeof graphOf>[1] = [],
): Promise<GraphProto> {
  const { graph } = await parse(outputs, declared);
  expect(graph).toBeDefined();
  return graph!;
}

/** The one node of a graph with the attributes of an operator, and its initialisers as lists of numbers by name. */
async function nodeOf(value: Value) {
  const { node, initializer } = await graphProto({ result: value });
  expect(node).toHaveLength(1);
  const { opType, domain, input: operands, attribute } = node[0]!;
  const constants = new Map(
    initializer.map(({ name, dataType, rawData }) => {
      const bytes = Uint8Array.from(rawData).buffer;
      return [
        name,
        dataType === (TensorProto_DataType.INT64 as number)
          ? Array.from(new BigInt64Array(bytes), Number)
          : Array.from(new Float32Array(bytes)),
      ];
    }),
  );
  return {
    opType,
    domain,
    operands: operands.map((name) => constants.get(name) ?? name),
    attributes: Object.fromEntries(
      attribute.map(({ name, type, i, f, ints, floats, s }) => [name, { type, i, f, ints, floats, s }]),
    ),
  };
}

function typeOf({ type }: ValueInfoProto) {
  if (type?.value.case !== 'tensorType') return undefined;
  const { elemType, shape } = type.value.value;
  return { elemType, dims: shape?.dim.map(({ value }) => value.value) };
}

describe('an encoded model', () => {
  it('declares its format, its operator set and its producer', async () => {
    const model = await parse({ y: exp(x) });
    expect(model.irVersion).toBe(9n);
    expect(model.producerName).toBe('agenet');
    expect(model.opsetImport).toMatchObject([{ domain: '', version: BigInt(OPSET) }]);
    expect(OPSET).toBe(18);
  });

  it('keeps names, types and shapes of inputs and outputs, in order', async () => {
    const [n, flag, byte] = [input('some/n', [], 'int64'), input('flag', [2], 'bool'), input('byte', [1], 'uint8')];
    const graph = await graphProto({ 'next/n': n, y: exp(x), flags: flag, bytes: byte }, [x, n]);
    expect(graph.input.map(({ name }) => name)).toEqual(['x', 'some/n', 'flag', 'byte']);
    expect(graph.output.map(({ name }) => name)).toEqual(['next/n', 'y', 'flags', 'bytes']);
    const { BOOL, FLOAT: FLOAT32, INT64, UINT8 } = TensorProto_DataType;
    expect(graph.input.map(typeOf)).toEqual([
      { elemType: FLOAT32, dims: [2n, 3n] },
      { elemType: INT64, dims: [] },
      { elemType: BOOL, dims: [2n] },
      { elemType: UINT8, dims: [1n] },
    ]);
    expect(graph.output.map(typeOf)[1]).toEqual({ elemType: FLOAT32, dims: [2n, 3n] });
  });

  it('lists nodes after their inputs, under unique names', async () => {
    const shared = exp(add(x, 1));
    const graph = await graphProto({ y: mul(shared, relu(shared)), z: add(shared, shared) });
    const known = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
    for (const { input: operands, output } of graph.node) {
      for (const operand of operands) expect(known).toContain(operand);
      for (const name of output) expect(known).not.toContain(name);
      for (const name of output) known.add(name);
    }
    expect(graph.node.map(({ opType }) => opType).sort()).toEqual(['Add', 'Add', 'Exp', 'Mul', 'Relu']);
    expect(new Set(graph.node.map(({ name }) => name)).size).toBe(graph.node.length);
  });

  it('writes a constant once, however often it is used', async () => {
    const two = constant([2, 2, 2]);
    expect((await graphProto({ y: mul(add(x, two), two) })).initializer).toHaveLength(1);
  });
});

describe('outputs', () => {
  it('may be inputs', async () => {
    expectSame((await runModel(await encode(graphOf({ y: x })), { x: data })).y!, data);
  });

  it('may be an input under its own name', async () => {
    expectSame((await runModel(await encode(graphOf({ x })), { x: data })).x!, data);
  });

  it('may be constants of every type', async () => {
    const constants = [
      tensor([1.5, -2]),
      { type: 'int64', shape: [1, 1], data: BigInt64Array.of(-(2n ** 40n)) },
      { type: 'uint8', shape: [], data: Uint8Array.of(255) },
      { type: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
    ] as const;
    const outputs = Object.fromEntries(constants.map((value, index) => [`c${index}`, constantTensor(value)]));
    const results = await runModel(await encode(graphOf(outputs, [x])), { x: data });
    for (const [index, value] of constants.entries()) expectSame(results[`c${index}`]!, value);
  });

  it('may be one value under several names', async () => {
    const y = exp(mul(x, 0));
    const results = await runModel(await encode(graphOf({ a: y, b: y, c: x, d: x })), { x: data });
    const ones = tensor([1, 1, 1, 1, 1, 1], [2, 3]);
    expect(results).toEqual({ a: ones, b: ones, c: data, d: data });
  });

  it('may be inputs of other outputs', async () => {
    const inner = mul(x, 2);
    const results = await runModel(await encode(graphOf({ outer: add(inner, 1), inner })), { x: data });
    expectSame(results.inner!, tensor([2, 4, 6, 8, 10, 12], [2, 3]));
    expectSame(results.outer!, tensor([3, 5, 7, 9, 11, 13], [2, 3]));
  });

  it('may have the names of generated values', async () => {
    const results = await runModel(
      await encode(graphOf({ Add1: add(add(add(x, 1), 1), 1), 'Add/1': mul(x, 1), constant1: constant(7) })),
      { x: data },
    );
    expectSame(results.Add1!, tensor([4, 5, 6, 7, 8, 9], [2, 3]));
    expectSame(results.constant1!, tensor([7], []));
  });
});

describe('constants', () => {
  it('that are views are written without the rest of their memory', async () => {
    const view = Float32Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5);
    const y = add(x, constantTensor({ type: 'float32', shape: [3], data: view }));
    expectSame((await runModel(await encode(graphOf({ y })), { x: data })).y!, tensor([2, 4, 6, 5, 7, 9], [2, 3]));
  });
});

describe('attributes', () => {
  const image = input('image', [1, 2, 4, 4]);
  const kernel = input('kernel', [2, 2, 2, 2]);

  it('of Conv are lists of integers', async () => {
    const { attributes, operands } = await nodeOf(
      conv(image, kernel, { strides: [1, 2], pads: [0, 1, 2, 3], dilations: 2 }),
    );
    expect(operands).toEqual(['image', 'kernel']);
    expect(attributes).toMatchObject({
      strides: { type: INTS, ints: [1n, 2n] },
      pads: { type: INTS, ints: [0n, 1n, 2n, 3n] },
      dilations: { type: INTS, ints: [2n, 2n] },
    });
  });

  it('of ConvTranspose include the output padding; a bias is the third input', async () => {
    const { attributes, operands } = await nodeOf(
      convTranspose(image, kernel, { strides: 2, outputPadding: [0, 1], bias: input('bias', [2]) }),
    );
    expect(operands).toEqual(['image', 'kernel', 'bias']);
    expect(attributes.output_padding).toMatchObject({ type: INTS, ints: [0n, 1n] });
  });

  it('of LeakyRelu are floats, even if whole', async () => {
    expect((await nodeOf(leakyRelu(x, 0.25))).attributes.alpha).toMatchObject({ type: FLOAT, f: 0.25 });
    expect((await nodeOf(leakyRelu(x, 2))).attributes.alpha).toMatchObject({ type: FLOAT, f: 2 });
  });

  it('of Concat, Cast, ArgMin and Transpose are integers', async () => {
    expect((await nodeOf(concat([x, x], 1))).attributes).toMatchObject({ axis: { type: INT, i: 1n } });
    expect((await nodeOf(cast(x, 'int64'))).attributes).toMatchObject({ to: { type: INT, i: 7n } });
    expect((await nodeOf(argMin(x, -1))).attributes).toMatchObject({
      axis: { type: INT, i: 1n },
      keepdims: { type: INT, i: 1n },
    });
    expect((await nodeOf(transpose(x, [1, 0]))).attributes).toMatchObject({ perm: { type: INTS, ints: [1n, 0n] } });
  });

  it('that are inputs in operator set 18 become constants only', async () => {
    expect(await nodeOf(reshape(x, [6]))).toMatchObject({ operands: ['x', [6]], attributes: {} });
    expect(await nodeOf(slice(x, 1, 0, 3, 2))).toMatchObject({ operands: ['x', [0], [3], [1], [2]], attributes: {} });
    expect(await nodeOf(pad(x, [1, 0], [0, 2]))).toMatchObject({ operands: ['x', [1, 0, 0, 2], [0]], attributes: {} });
    expect(await nodeOf(clip(x, -1, 2))).toMatchObject({ operands: ['x', [-1], [2]], attributes: {} });
    for (const value of [reshape(x, [6]), slice(x, 1, 0, 2), pad(x, [1, 0], [0, 2]), clip(x, -1, 2)])
      expect((await nodeOf(value)).attributes).toEqual({});
    const { operands, attributes } = await nodeOf(reduceSum(x, [1], { keepAxes: false }));
    expect(operands).toEqual(['x', [1]]);
    expect(Object.keys(attributes)).toEqual(['keepdims']);
    expect(attributes.keepdims).toMatchObject({ type: INT, i: 0n });
    expect((await nodeOf(reduceMax(x, [0, 1]))).operands).toEqual(['x', [0, 1]]);
  });

  it('are absent if an operator has none', async () => {
    expect(await nodeOf(equal(x, x))).toMatchObject({
      opType: 'Equal',
      operands: ['x', 'x'],
      attributes: {},
      domain: '',
    });
    expect((await nodeOf(where(input('condition', [3], 'bool'), x, x))).attributes).toEqual({});
  });

  it('may be strings and float lists, in a custom domain, which the model then imports', async () => {
    const Custom: Operator<{ mode: string; scales: readonly number[] }> = {
      name: 'Custom',
      domain: 'com.microsoft',
      floatAttributes: ['scales'],
      infer: ([operand]) => ({ type: 'float32', shape: operand.shape }),
    };
    const value = apply(Custom, [x], { mode: 'cubic', scales: [1, 0.5] });
    const { domain, attributes } = await nodeOf(value);
    expect(domain).toBe('com.microsoft');
    expect(attributes).toMatchObject({
      mode: { type: STRING, s: new TextEncoder().encode('cubic') },
      scales: { type: FLOATS, floats: [1, 0.5] },
    });
    expect((await parse({ y: value })).opsetImport).toMatchObject([
      { domain: '', version: 18n },
      { domain: 'com.microsoft', version: 1n },
    ]);
  });
});
