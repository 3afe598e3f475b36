import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import {
  graphOf,
  importOnnx,
  type ImportOptions,
  ModelTraining,
  square,
  sumOf,
  type TensorData,
} from '../../../src/engine/index.js';
import { InputError } from '../../../src/errors.js';
import { expectInputError } from '../../rejection.js';
import { compileSmall, runModel } from '../running.js';
import { random, tensor } from '../tensors.js';
import { errorOf, feedOf, goldenOf, importGolden, modelBytes } from './goldenModels.js';
import { attributeOf, type GraphInit, infoOf, modelOf, type NodeInit, tensorProto } from './nodeModels.js';

const [FLOAT, INT64, BOOL, FLOAT16, DOUBLE, BFLOAT16] = [1, 7, 9, 10, 11, 16];
const weight = random([2, 3], 1);
const node = (opType: string, input: string[], output: string[], more: NodeInit = {}): NodeInit => ({
  opType,
  input,
  output,
  ...more,
});

/** y = x w, for any batch. */
const linear = (more: Partial<GraphInit> = {}, opset = 17) =>
  modelOf(
    {
      name: 'linear',
      node: [node('MatMul', ['x', 'w'], ['y'], { name: 'product' })],
      input: [infoOf('x', FLOAT, ['batch', 2])],
      output: [infoOf('y', FLOAT, ['batch', 3])],
      initializer: [tensorProto('w', weight)],
      ...(more as object),
    },
    opset,
  );
const batch = { dimensions: { batch: 4 } };

const halves = (dataType: number, bits: readonly number[]) => ({
  name: 'w',
  dataType,
  dims: [2n, 3n],
  rawData: new Uint8Array(Uint16Array.from(bits).buffer),
});

describe('an imported model', () => {
  it('has inputs, parameters and outputs by name, with the given sizes', async () => {
    const { inputs, parameters, statistics, outputs } = await importOnnx(linear(), batch);
    expect(inputs.x).toMatchObject({ kind: 'input', name: 'x', type: 'float32', shape: [4, 2] });
    expect(parameters.w).toMatchObject({ kind: 'constant', name: 'w', shape: [2, 3], data: weight.data });
    expect(statistics).toEqual({});
    expect(outputs.y!.shape).toEqual([4, 3]);
  });

  it('separates running statistics from parameters', async () => {
    const { parameters, statistics } = await importGolden('resnet');
    expect(Object.keys(statistics)).toHaveLength(12);
    expect(Object.keys(statistics).every((name) => /running_(?:mean|var)$/u.test(name))).toBe(true);
    expect(Object.keys(parameters).some((name) => name.includes('running'))).toBe(false);
  });

  it.each([
    [FLOAT16, [0x3c00, 0xc000, 0x3555, 0, 0x7bff, 0x0001], [1, -2, 0.333251953125, 0, 65504, 2 ** -24]],
    [BFLOAT16, [0x3f80, 0xc000, 0x3eab, 0, 0x7f7f, 0x0080], [1, -2, 0.333984375, 0, 3.3895313892515355e38, 2 ** -126]],
  ])('computes type %i in float32 on request, and writes it back', async (type, bits, values) => {
    const file = linear({ initializer: [halves(type, bits)] });
    await expectInputError(() => importOnnx(file, batch), 'initializer "w"', 'set convertFloats to true');
    const model = await importOnnx(file, { ...batch, convertFloats: true });
    expect([...model.parameters.w!.data]).toEqual(values.map(Math.fround));
    const again = fromBinary(ModelProtoSchema, await model.encode({ w: model.parameters.w!.data as Float32Array }));
    expect([...new Uint16Array(Uint8Array.from(again.graph!.initializer[0]!.rawData).buffer)]).toEqual(bits);
  });

  it('has its data in other files', async () => {
    const external = {
      name: 'w',
      dataType: FLOAT,
      dims: [2n, 3n],
      dataLocation: 1,
      externalData: [
        { key: 'location', value: 'w.bin' },
        { key: 'offset', value: '4' },
      ],
    };
    const file = linear({ initializer: [external] });
    const bytes = new Uint8Array([0, 0, 0, 0, ...new Uint8Array(weight.data.buffer)]);
    const model = await importOnnx(file, { ...batch, externalData: { 'w.bin': bytes } });
    expect(model.parameters.w!.data).toEqual(weight.data);
    const doubled = await model.encode({ w: weight.data.map((element) => 2 * element) });
    const x = random([5, 2], 3);
    const [once, twice] = [await runModel(linear(), { x }), await runModel(doubled, { x })];
    expect(twice.y!.shape).toEqual([5, 3]);
    expect(
      errorOf(
        twice.y!.data as Float32Array,
        (once.y!.data as Float32Array).map((each) => 2 * each),
      ),
    ).toBe(0);
    await expectInputError(() => importOnnx(file, batch), 'is in the file "w.bin"', 'externalData');
    const short = { ...batch, externalData: { 'w.bin': bytes.subarray(0, 8) } };
    await expectInputError(() => importOnnx(file, short), 'initializer "w"', 'elements');
  });

  it.each([true, false])('takes the branch of a constant condition: %s', async (condition) => {
    const branch = (opType: string): GraphInit => ({
      name: opType,
      node: [node(opType, ['x'], [`inner ${opType}`])],
      output: [{ name: `inner ${opType}` }],
    });
    const file = modelOf({
      name: 'branches',
      node: [
        node('If', ['condition'], ['y'], {
          attribute: [
            { name: 'then_branch', type: 5, g: branch('Relu') },
            { name: 'else_branch', type: 5, g: branch('Neg') },
          ],
        }),
      ],
      initializer: [{ name: 'condition', dataType: BOOL, rawData: Uint8Array.of(Number(condition)) }],
      input: [infoOf('x', FLOAT, [2])],
      output: [{ name: 'y' }],
    });
    const { outputs } = await importOnnx(file);
    const program = await compileSmall(graphOf(outputs));
    const { y } = await program.run({ x: Float32Array.of(-1, 2) });
    expect([...y!.data]).toEqual(condition ? [0, 2] : [1, -2]);
    await program.release();
  });

  it('folds factors of shape arithmetic that are initializers', async () => {
    const int = (name: string, elements: number[]) =>
      tensorProto(name, { type: 'int64', shape: [elements.length], data: BigInt64Array.from(elements, BigInt) });
    const file = modelOf({
      name: 'shapes',
      node: [
        node('Shape', ['x'], ['shape']),
        node('Cast', ['shape'], ['float'], { attribute: [attributeOf('to', FLOAT)] }),
        node('Mul', ['float', 'half'], ['scaled']),
        node('Cast', ['scaled'], ['sizes'], { attribute: [attributeOf('to', INT64)] }),
        node('Concat', ['sizes', 'rest'], ['target'], { attribute: [attributeOf('axis', 0)] }),
        node('Reshape', ['x', 'target'], ['y']),
      ],
      initializer: [tensorProto('half', tensor([0.5, 0.5])), int('rest', [-1])],
      input: [infoOf('x', FLOAT, [4, 6])],
      output: [{ name: 'y' }],
    });
    expect((await importOnnx(file)).outputs.y!.shape).toEqual([2, 3, 4]);
  });

  it('keeps names and symbolic sizes in the file with trained parameters', async () => {
    const model = await importGolden('vit');
    const changed = Object.fromEntries(
      Object.entries(model.parameters).map(([name, { data }]) => [name, data as Float32Array]),
    );
    const bytes = await model.encode(changed);
    const original = fromBinary(ModelProtoSchema, modelBytes('vit'));
    const written = fromBinary(ModelProtoSchema, bytes);
    expect(written.graph!.node).toEqual(original.graph!.node);
    expect(written.graph!.input).toEqual(original.graph!.input);
    const feed: TensorData = { type: 'float32', shape: [2, 3, 16, 16], data: feedOf('vit').x as Float32Array };
    const [before, after] = [await runModel(modelBytes('vit'), { x: feed }), await runModel(bytes, { x: feed })];
    expect(after.y!.data).toEqual(before.y!.data);
    await expectInputError(() => model.encode({ 'norm.weigth': Float32Array.of(1) }), 'did you mean norm.weight?');
    await expectInputError(() => model.encode({ 'norm.weight': Float32Array.of(1) }), 'expected 8 elements but got 1');
  });
});

describe('a refused model', () => {
  const cases: [string, () => Uint8Array, ImportOptions, string[]][] = [
    ['without a size', () => linear(), {}, ['input "x"', 'symbolic dimension "batch"', 'dimensions: { "batch": 1 }']],
    ['with an unknown size', () => linear(), { dimensions: { batch: 1, bach: 2 } }, ['"bach", did you mean batch?']],
    ['with a size of 0', () => linear(), { dimensions: { batch: 0 } }, ['input "x"', 'has no elements']],
    ['of half a pixel', () => linear(), { dimensions: { batch: 0.5 } }, ['input "x"', 'impossible shape']],
    ['of an old operator set', () => linear({}, 6), batch, ['expected operator set 7 to 22 but got 6']],
    ['of a new operator set', () => linear({}, 99), batch, ['but got 99; export it with operator set 17']],
    ['with a recurrent operator', () => modelBytes('lstm'), batch, ['(LSTM)', 'recurrent', 'written out']],
    ['that is no model', () => Uint8Array.from({ length: 100 }, (_, i) => i), {}, ['not an ONNX model']],
    ['without bytes', () => new Uint8Array(0), {}, ['not an ONNX model (it has no graph)']],
    [
      'with a cycle',
      () => linear({ node: [node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b'])] }),
      batch,
      ['node "a" (Add): reads "b", which no earlier node computes'],
    ],
    [
      'with one name twice',
      () => linear({ node: [node('Relu', ['x'], ['y']), node('Neg', ['x'], ['y'])] }),
      batch,
      ['node "y" (Neg): computes "y", a name that is taken'],
    ],
    [
      'with one initializer twice',
      () => linear({ initializer: [tensorProto('w', weight), tensorProto('w', weight)] }),
      batch,
      ['initializer "w"'],
    ],
    [
      'with unknown operators',
      () => linear({ node: [node('Frobnicate', ['x'], ['y'])] }),
      batch,
      ['(Frobnicate): is an'],
    ],
    [
      'with operators of a runtime',
      () => linear({ node: [node('FusedGemm', ['x'], ['y'], { domain: 'com.microsoft' })] }),
      batch,
      ['domain "com.microsoft"', 'without functions and optimizations'],
    ],
    ['without its output', () => linear({ output: [infoOf('z', FLOAT, [1])] }), batch, ['the graph: reads "z"']],
    [
      'with shapes that do not fit',
      () => linear({ input: [infoOf('x', FLOAT, [4, 3])] }),
      {},
      ['node "product" (MatMul)'],
    ],
    [
      'with a huge tensor',
      () => linear({ initializer: [{ name: 'w', dataType: FLOAT, dims: [2n ** 40n, 2n ** 40n] }] }),
      batch,
      ['initializer "w"'],
    ],
    [
      'with a negative size',
      () => linear({ initializer: [{ name: 'w', dataType: FLOAT, dims: [-2n, -3n], floatData: [1, 2, 3, 4, 5, 6] }] }),
      batch,
      ['initializer "w"', 'impossible shape [-2, -3]'],
    ],
    [
      'with strings',
      () => linear({ initializer: [{ name: 'w', dataType: 8, dims: [1n], stringData: [Uint8Array.of(65)] }] }),
      batch,
      ['unsupported type'],
    ],
    ['of float64', () => linear({ input: [infoOf('x', DOUBLE, [4, 2])] }), {}, ['has type float64; set convertFloats']],
    [
      'with a constant that fills the memory',
      () =>
        linear({
          node: [node('ConstantOfShape', ['big'], ['y'])],
          initializer: [tensorProto('big', { type: 'int64', shape: [2], data: BigInt64Array.of(30000n, 60000n) })],
        }),
      batch,
      ['(ConstantOfShape)', 'constants may have'],
    ],
    [
      'with a condition that depends on inputs',
      () =>
        linear({
          node: [node('Cast', ['x'], ['c'], { attribute: [attributeOf('to', BOOL)] }), node('If', ['c'], ['y'])],
        }),
      batch,
      ['(If): has a condition that depends on inputs'],
    ],
    ['without a rank', () => linear({ input: [infoOf('x', FLOAT)] }), {}, ['not a tensor with a known number of axes']],
  ];
  it.each(cases)('is one line: %s', async (_, file, options, texts) => {
    await expectInputError(() => importOnnx(file(), options), ...texts);
  });

  it('quotes names without control characters', async () => {
    const file = linear({ node: [node('Relu', ['no\u001b[31m\nsuch'], ['y'])] });
    await expectInputError(() => importOnnx(file, batch), 'reads "no?[31m?such"');
  });

  it('nests no deeper than a parser allows', async () => {
    let graph: GraphInit = { name: 'leaf' };
    for (let depth = 0; depth < 200; depth++)
      graph = {
        name: 'g',
        node: [node('If', [''], ['y'], { attribute: [{ name: 'then_branch', type: 5, g: graph }] })],
      };
    await expectInputError(() => importOnnx(modelOf(graph)), 'not an ONNX model');
  });
});

const NAMES = ['vgg', 'resnet', 'unet', 'vit', 'gpt', 'lstm', 'convnext'];

/** Imports, or rejects with one line. */
async function expectOutcome(bytes: Uint8Array) {
  try {
    await importOnnx(bytes, batch);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).toMatch(/^\P{Cc}+$/u);
  }
}

describe('a damaged file', () => {
  const file = fc.constantFrom(...NAMES);

  it('is imported or refused when cut short', async () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(file, part, (name, share) => {
        const bytes = modelBytes(name);
        return expectOutcome(bytes.subarray(0, Math.floor(share * bytes.length)));
      }),
      { numRuns: 60 },
    );
  });

  it('is imported or refused with changed bytes', async () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(file, fc.array(change, { minLength: 1, maxLength: 8 }), (name, changes) => {
        const changed = modelBytes(name);
        for (const { at, byte } of changes) changed[Math.floor(at * changed.length)] = byte;
        return expectOutcome(changed);
      }),
      { numRuns: 150 },
    );
  });

  it('is imported or refused with changed contents', async () => {
    const changes: Record<string, (model: ModelProto, at: number, number: number) => void> = {
      size: ({ graph }, at, number) => {
        const tensor = graph!.initializer[at % graph!.initializer.length];
        if (tensor?.dims.length) tensor.dims[0] = BigInt(number);
      },
      type: ({ graph }, at, number) => {
        const tensor = graph!.initializer[at % graph!.initializer.length];
        if (tensor) tensor.dataType = Math.abs(number) % 24;
      },
      operator: ({ graph }, at, number) => {
        const { node: nodes } = graph!;
        nodes[at % nodes.length]!.opType = nodes[Math.abs(number) % nodes.length]!.opType;
      },
      input: ({ graph }, at, number) => {
        const { node: nodes } = graph!;
        nodes[at % nodes.length]!.input.splice(0, 1, nodes[Math.abs(number) % nodes.length]!.output[0]!);
      },
      omission: ({ graph }, at) => void graph!.node[at % graph!.node.length]!.input.pop(),
      attribute: ({ graph }, at, number) => {
        const attributes = graph!.node.flatMap(({ attribute }) => attribute);
        const attribute = attributes[at % attributes.length]!;
        attribute.i = BigInt(number);
        if (attribute.ints.length > 0) attribute.ints[0] = BigInt(number);
        if (attribute.t) attribute.t.rawData = new Uint8Array(BigInt64Array.of(BigInt(number)).buffer);
      },
      opset: ({ opsetImport }, at) => void (opsetImport[0]!.version = BigInt(at % 30)),
    };
    const change = fc.record({
      kind: fc.constantFrom(...Object.keys(changes)),
      at: fc.nat(10_000),
      number: fc.oneof(fc.integer({ min: -3, max: 20 }), fc.integer()),
    });
    await fc.assert(
      fc.asyncProperty(file, fc.array(change, { minLength: 1, maxLength: 3 }), (name, list) => {
        const model = fromBinary(ModelProtoSchema, modelBytes(name));
        for (const { kind, at, number } of list) changes[kind]!(model, at, number);
        return expectOutcome(toBinary(ModelProtoSchema, create(ModelProtoSchema, model)));
      }),
      { numRuns: 200 },
    );
  });

  it('reads an export in training mode as in inference, and writes it so', async () => {
    const name = 'exportedInTraining';
    const model = await importGolden(name);
    const bytes = await model.encode({});
    const shape = [2, 3, 16, 16];
    const feed: TensorData = { type: 'float32', shape, data: feedOf(name).x as Float32Array };
    const expected = goldenOf(name)['output/y']!.data;
    expect(errorOf((await runModel(bytes, { x: feed })).y!.data as Float32Array, expected)).toBeLessThan(1e-5);
    expect(errorOf((await runModel(modelBytes(name), { x: feed })).y!.data as Float32Array, expected)).toBeGreaterThan(
      0.1,
    );
    const training = await ModelTraining.start(model, {
      loss: sumOf(square(model.outputs.y!)),
      learningRate: 0,
      mode: 'train',
      compile: compileSmall,
    });
    const losses = [await training.step(feedOf(name)), await training.step(feedOf(name))].map(({ loss }) => loss);
    await training.release();
    expect(losses[0]).not.toBe(losses[1]);
  });
});
