import { describe, expect, it } from 'vitest';
import { graphOf, importOnnx, onnxSignature, topologicalOrder } from '../../../src/engine/index.js';
import { expectInputError } from '../../rejection.js';
import { compileSmall } from '../running.js';
import { random } from '../tensors.js';
import { infoOf, modelOf, tensorProto } from './nodeModels.js';

const FLOAT = 1;
const data = random([4, 2], 5, -2, 2);

/** h = relu(x w), e = x + x, y = Unique(h), which is not supported. */
const model = modelOf({
  name: 'layers',
  node: [
    { opType: 'MatMul', name: 'product', input: ['x', 'w'], output: ['p'] },
    { opType: 'Relu', name: 'activation', input: ['p'], output: ['h'] },
    { opType: 'Add', name: 'sum', input: ['x', 'x'], output: ['e'] },
    { opType: 'Unique', name: 'last', input: ['h'], output: ['y'] },
  ],
  input: [infoOf('x', FLOAT, ['batch', 2])],
  output: [infoOf('y', FLOAT)],
  initializer: [tensorProto('w', random([2, 3], 1))],
});
const dimensions = { batch: 4 };

describe('outputs of an imported model', () => {
  it('are the tensors and nodes that are asked for, without nodes behind them', async () => {
    const { outputs } = await importOnnx(model, { dimensions, outputs: ['activation', 'p'] });
    expect(Object.keys(outputs)).toEqual(['activation', 'p']);
    const program = await compileSmall(graphOf(outputs));
    const { activation, p } = await program.run({ x: data.data });
    await program.release();
    expect(p!.shape).toEqual([4, 3]);
    expect(Array.from(activation!.data, Number)).toEqual(
      Array.from(p!.data as Float32Array, (each) => Math.max(0, each)),
    );
  });

  it('leave out nodes on which they do not depend', async () => {
    const { outputs } = await importOnnx(model, { dimensions, outputs: ['e'] });
    const operators = topologicalOrder([outputs.e!]).flatMap((value) =>
      value.kind === 'computed' ? [value.operator.name] : [],
    );
    expect(operators).toEqual(['Add']);
  });

  it('are those of the file by default', async () => {
    await expectInputError(() => importOnnx(model, { dimensions }), 'node "last" (Unique)');
  });

  it('are rejected if there is no such tensor or node', async () => {
    await expectInputError(
      () => importOnnx(model, { name: 'm.onnx', dimensions, outputs: ['activatio'] }),
      'm.onnx: no tensor or node is named "activatio"',
      'its last tensors are "p", "h", "e", "y"',
    );
  });
});

describe('inputs of a model', () => {
  it('have the names of symbolic dimensions, also of unnamed ones, and no initializers', async () => {
    const unnamed = modelOf({
      name: 'unnamed',
      input: [infoOf('x', FLOAT, ['', 3, 8]), infoOf('w', FLOAT, [2]), infoOf('ids', 7, ['n'])],
      initializer: [tensorProto('w', random([2], 1))],
    });
    expect((await onnxSignature(unnamed)).inputs).toEqual([
      { name: 'x', type: 'float32', shape: ['x.0', 3, 8] },
      { name: 'ids', type: 'int64', shape: ['n'] },
    ]);
  });

  it('of other bytes are rejected', async () => {
    await expectInputError(() => onnxSignature(Uint8Array.of(255, 1, 2), 'm.onnx'), 'm.onnx: not an ONNX model');
  });
});
