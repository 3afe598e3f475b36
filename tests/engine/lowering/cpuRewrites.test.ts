import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewriteGraph } from '../../../src/engine/graph.js';
import {
  constant,
  conv,
  equal,
  graphOf,
  greater,
  input,
  sign,
  sizeOf,
  square,
  type Value,
  where,
} from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { convToMatMul, maskToClip } from '../../../src/engine/lowering/cpuRewrites.js';
import { type Rule, signToClip } from '../../../src/engine/lowering/rewrites.js';
import type { ComputedValue } from '../../../src/engine/value.js';
import { expectClose, expectSame } from '../expectations.js';
import { type Build, inputsFor, operatorsOf, run, runAsWritten, targets } from '../running.js';
import { random, tensor, type Tensor } from '../tensors.js';

const runs = { seed: 20240601, numRuns: 40 };

/** Elements on both sides of zero, zero itself often, of any size that activations have and beyond. */
const elements = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity),
  fc.float({ min: Math.fround(1e-20), max: Math.fround(1e30), noNaN: true }),
  fc.float({ min: Math.fround(-1e30), max: Math.fround(-1e-20), noNaN: true }),
);
const tensors = fc
  .array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 })
  .chain((shape) =>
    fc.array(elements, { minLength: sizeOf(shape), maxLength: sizeOf(shape) }).map((data) => tensor(data, shape)),
  );

/**
 * Expects the graph for the CPU to compute exactly the numbers that the graph as it was written computes, by these
 * operators alone.
 */
async function expectLowered(build: Build, x: Tensor, operators: readonly string[]): Promise<void> {
  const inputs = inputsFor([x]);
  const graph = graphOf({ result: build(...inputs) }, inputs);
  expect(operatorsOf(lower(graph, targets.cpu))).toEqual(operators);
  expectClose((await run(graph, [x], targets.cpu)).result!, (await runAsWritten(graph, [x])).result!, 0);
}

const mask = (x: Value, high: number, low: number) => where(greater(x, 0), constant(high), constant(low));
const rewritten = (value: Value) => maskToClip(value as ComputedValue);

describe('maskToClip', () => {
  it('turns 1 for positive and 0 otherwise into one operator', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, (x) => expectLowered((value) => mask(value, 1, 0), x, ['HardSigmoid'])),
      runs,
    );
  });

  it('turns a high and a nonnegative low number into a clipped line', async () => {
    const limits = fc
      .tuple(fc.float({ min: 0, max: 4, noNaN: true }), fc.float({ min: Math.fround(0.125), max: 4, noNaN: true }))
      .map(([low, more]) => ({ low, high: Math.fround(low + more) }))
      .filter(({ low, high }) => high > low && !(high === 1 && low === 0));
    await fc.assert(
      fc.asyncProperty(tensors, limits, (x, { low, high }) =>
        expectLowered((value) => mask(value, high, low), x, ['Clip', 'Mul']),
      ),
      runs,
    );
  });

  it('returns the low number at exactly 0', async () => {
    const zeros = tensor([0, -0]);
    await expectLowered((value) => mask(value, 1, 0), zeros, ['HardSigmoid']);
    await expectLowered((value) => mask(value, 1, 0.25), zeros, ['Clip', 'Mul']);
    const inputs = inputsFor([zeros]);
    expectSame(
      (await run(graphOf({ result: mask(inputs[0]!, 1, 0.25) }), [zeros], targets.cpu)).result!,
      tensor([0.25, 0.25]),
    );
  });

  it('accepts branches that are tensors of one element', async () => {
    const build = (value: Value) => where(greater(value, 0), constant([1, 1, 1]), constant([0, 0, 0]));
    await expectLowered(build, random([2, 3], 1), ['HardSigmoid']);
  });

  it('skips a negative low number, which a line through 0 would miss', async () => {
    await expectLowered((value) => mask(value, 1, -0.5), tensor([-2, 0, 3]), ['Greater', 'Where']);
  });

  it('skips a high number that is not above the low one', async () => {
    await expectLowered((value) => mask(value, 1, 3), tensor([-2, 0, 3]), ['Greater', 'Where']);
    await expectLowered((value) => mask(value, 2, 2), tensor([-2, 0, 3]), ['Greater', 'Where']);
  });

  it('skips other conditions', async () => {
    const x = tensor([-2, 0, 1, 3]);
    const pick = (condition: Value) => where(condition, constant(1), constant(0));
    await expectLowered((value) => pick(greater(value, 1)), x, ['Greater', 'Where']);
    await expectLowered((value) => pick(greater(0, value)), x, ['Greater', 'Where']);
    await expectLowered((value) => pick(greater(value, constant([0, 1, 0, 1]))), x, ['Greater', 'Where']);
    await expectLowered((value) => pick(equal(value, 0)), x, ['Equal', 'Where']);
  });

  it('skips conditions that are inputs, and branches that are not a constant scalar', () => {
    const [x, condition] = [input('x', [2]), input('condition', [2], 'bool')];
    expect(rewritten(where(condition, constant(1), constant(0)))).toBeUndefined();
    expect(rewritten(where(greater(x, 0), x, constant(0)))).toBeUndefined();
    expect(rewritten(where(greater(x, 0), constant(1), x))).toBeUndefined();
    expect(rewritten(where(greater(x, 0), constant([1, 2]), constant(0)))).toBeUndefined();
  });

  it('skips branches that repeat the condition', async () => {
    const ones = constant(new Array<number>(6).fill(1), [2, 3]);
    await expectLowered((value) => where(greater(value, 0), ones, constant(0)), tensor([-1, 0, 2]), [
      'Greater',
      'Where',
    ]);
    await expectLowered((value) => where(greater(value, 0), ones, constant(0)), tensor([-1, 2], [2, 1]), [
      'Greater',
      'Where',
    ]);
  });
});

describe('signToClip', () => {
  it('turns Sign into a clipped line', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, (x) => expectLowered((value) => sign(value), x, ['Clip', 'Mul'])),
      runs,
    );
  });

  it('skips everything else', () => {
    expect(signToClip(where(greater(input('x', []), 0), constant(1), constant(-1)) as ComputedValue)).toBeUndefined();
  });
});

const rewrite = (rule: Rule, value: Value) => rule(value as ComputedValue);

/** The result of a build before and after a rule was applied to all of it. */
async function expectUnchanged(rule: Rule, build: Build, tensors: readonly Tensor[]): Promise<void> {
  const graph = graphOf({ result: build(...inputsFor(tensors)) });
  const rewritten = rewriteGraph(graph, (value) => rule(value) ?? value);
  expectClose((await runAsWritten(rewritten, tensors)).result!, (await runAsWritten(graph, tensors)).result!);
}

describe('convToMatMul', () => {
  const x = input('x', [2, 3, 6, 5]);

  it('turns a convolution with a result smaller than its kernel into one matrix product', () => {
    const rewritten = rewrite(convToMatMul, conv(x, input('w', [4, 3, 5, 4]), { strides: [1, 1] }))!;
    expect(operatorsOf(rewritten)).toContain('MatMul');
    expect(operatorsOf(rewritten)).not.toContain('Conv');
    expect(rewritten.shape).toEqual([2, 4, 2, 2]);
  });

  it('preserves results for any geometry', async () => {
    const sizes = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
    );
    const space = fc.tuple(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 3, max: 6 }));
    const geometry = fc.record({
      strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      pads: fc.tuple(fc.nat(1), fc.nat(2), fc.nat(2), fc.nat(1)),
    });
    const property = fc.asyncProperty(
      sizes,
      space,
      geometry,
      async ([batch, inner, outer], [height, width], options) => {
        const shapes = { data: [batch, inner, height, width], kernel: [outer, inner, height - 1, width - 1] };
        const tensors = [random(shapes.data, 1), random(shapes.kernel, 2)];
        const value = conv(input('x', shapes.data), input('w', shapes.kernel), options);
        const isNarrow = value.shape[2]! * value.shape[3]! <= (height - 1) * (width - 1);
        expect(rewrite(convToMatMul, value) !== undefined).toBe(isNarrow);
        await expectUnchanged(convToMatMul, (data, kernel) => conv(data, kernel, options), tensors);
      },
    );
    await fc.assert(property, { seed: 20240603, numRuns: 40 });
  });

  const others: Record<string, Value> = {
    'results larger than the kernel': conv(x, input('w', [4, 3, 3, 2])),
    'dilated windows': conv(x, input('w', [4, 3, 3, 2]), { dilations: [2, 3] }),
    'a bias': conv(x, input('w', [4, 3, 6, 5]), { bias: input('b', [4]) }),
    'large results': conv(input('x', [1, 1, 20, 20]), input('w', [1, 1, 12, 12])),
    'other operators': square(x),
  };

  it.each(Object.entries(others))('skips %s', (_, value) => {
    expect(rewrite(convToMatMul, value)).toBeUndefined();
  });
});
