import { describe, expect, it } from 'vitest';
import {
  cast,
  graphOf,
  gradients,
  input,
  leakyRelu,
  reduceMean,
  reduceSum,
  relu,
  sumOf,
  topologicalOrder,
  type Value,
} from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { expectCloseElements } from '../expectations.js';
import { compileSmall, targets } from '../running.js';

const x = input('x', [5]);
const DATA = { x: Float32Array.of(-2, -0.5, 0, 0.25, 3) };

/** The operators of a value lowered for WebAssembly, each once. */
const operatorsOf = (value: Value): string[] => [
  ...new Set(
    topologicalOrder(Object.values(lower(graphOf({ value }), targets.wasm).outputs)).flatMap((each) =>
      each.kind === 'computed' ? [each.operator.name] : [],
    ),
  ),
];

async function results(value: Value, feeds: Record<string, Float32Array | Uint8Array> = DATA): Promise<number[]> {
  const program = await compileSmall(graphOf({ value }), targets.wasm);
  const { value: found } = await program.run(feeds);
  await program.release();
  return Array.from(found!.data, Number);
}

describe('activations in WebAssembly', () => {
  it('are maxima', async () => {
    expect(operatorsOf(relu(x))).toEqual(['Max']);
    expect(await results(relu(x))).toEqual([0, 0, 0, 0.25, 3]);
    expect(operatorsOf(leakyRelu(x, 0.5)).sort()).toEqual(['Max', 'Mul']);
    expect(await results(leakyRelu(x, 0.5))).toEqual([-1, -0.25, 0, 0.25, 3]);
  });

  it('stay as they are if a maximum is not the same', async () => {
    expect(operatorsOf(leakyRelu(x, 2))).toEqual(['LeakyRelu']);
    expect(await results(leakyRelu(x, 2))).toEqual([-4, -1, 0, 0.25, 3]);
  });

  it('have masks without Where, 0 at 0 as in every target', async () => {
    const gradientOf = (y: Value) => gradients(sumOf(y), [x])[0]!;
    for (const [y, expected] of [
      [relu(x), [0, 0, 0, 1, 1]],
      [leakyRelu(x, 0.5), [0.5, 0.5, 0.5, 1, 1]],
    ] as const) {
      expect(operatorsOf(gradientOf(y))).not.toContain('Where');
      expect(await results(gradientOf(y))).toEqual(expected);
    }
  });
});

describe('long sums in WebAssembly', () => {
  const long = input('long', [3, 4, 512]);
  const data = Float32Array.from({ length: 3 * 4 * 512 }, (_, index) => 1 + Math.sin(index));
  const sumsOf = (rows: number) =>
    Array.from({ length: rows }, (_, row) =>
      data
        .subarray((row * data.length) / rows, ((row + 1) * data.length) / rows)
        .reduce((sum, value) => sum + value, 0),
    );

  it('are sums of runs, and means their share', async () => {
    expect(operatorsOf(reduceSum(long, [1, 2])).sort()).toEqual(['ReduceSum', 'Reshape']);
    expectCloseElements(await results(reduceSum(long, [1, 2]), { long: data }), sumsOf(3), 1e-5);
    expectCloseElements(
      await results(reduceMean(long, [1, 2]), { long: data }),
      sumsOf(3).map((sum) => sum / 2048),
      1e-5,
    );
    expectCloseElements(await results(sumOf(long), { long: data }), sumsOf(1), 1e-5);
  });

  it('stay as they are if they are short, or along other axes', () => {
    expect(operatorsOf(reduceSum(long, [2]))).toEqual(['ReduceSum']);
    expect(operatorsOf(reduceSum(long, [0, 1]))).toEqual(['ReduceSum']);
  });
});

describe('bytes in WebAssembly', () => {
  it('become float32 by dequantization', async () => {
    const bytes = input('bytes', [4], 'uint8');
    expect(operatorsOf(cast(bytes, 'float32'))).toEqual(['DequantizeLinear']);
    expect(await results(cast(bytes, 'float32'), { bytes: Uint8Array.of(0, 1, 127, 255) })).toEqual([0, 1, 127, 255]);
  });
});
