import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constant, equal, graphOf, greater, input, lower, sign, sizeOf, type Value, where } from '../../../src/engine/index.js';
import { signToClip, maskToClip } from '../../../src/engine/lowering/clipRewrites.js';
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
  .chain((shape) => fc.array(elements, { minLength: sizeOf(shape), maxLength: sizeOf(shape) }).map((data) => tensor(data, shape)));

/** Expects the graph for the CPU to compute exactly the numbers that the graph as it was written computes, by these operators alone. */
async function expectLowered(build: Build, x: Tensor, operators: readonly string[]): Promise<void> {
  const inputs = inputsFor([x]);
  const graph = graphOf({ result: build(...inputs) }, inputs);
  expect(operatorsOf(lower(graph, targets.cpu))).toEqual(operators);
  expectClose((await run(graph, [x], targets.cpu)).result!, (await runAsWritten(graph, [x])).result!, 0);
}

const mask = (x: Value, high: number, low: number) => where(greater(x, 0), constant(high), constant(low));
const rewritten = (value: Value) => maskToClip.apply(value as ComputedValue);

describe('step-masks', () => {
  it('makes 1 where positive and 0 elsewhere one operator', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, (x) => expectLowered((value) => mask(value, 1, 0), x, ['HardSigmoid'])),
      runs,
    );
  });

  it('makes a high and a low number, which is not negative, a clipped line', async () => {
    const limits = fc
      .tuple(fc.float({ min: 0, max: 4, noNaN: true }), fc.float({ min: Math.fround(0.125), max: 4, noNaN: true }))
      .map(([low, more]) => ({ low, high: Math.fround(low + more) }))
      .filter(({ low, high }) => high > low && !(high === 1 && low === 0));
    await fc.assert(
      fc.asyncProperty(tensors, limits, (x, { low, high }) => expectLowered((value) => mask(value, high, low), x, ['Clip', 'Mul'])),
      runs,
    );
  });

  it('gives the low number at exactly 0', async () => {
    const zeros = tensor([0, -0]);
    await expectLowered((value) => mask(value, 1, 0), zeros, ['HardSigmoid']);
    await expectLowered((value) => mask(value, 1, 0.25), zeros, ['Clip', 'Mul']);
    const inputs = inputsFor([zeros]);
    expectSame((await run(graphOf({ result: mask(inputs[0]!, 1, 0.25) }), [zeros], targets.cpu)).result!, tensor([0.25, 0.25]));
  });

  it('takes branches that are tensors of one number', async () => {
    const build = (value: Value) => where(greater(value, 0), constant([1, 1, 1]), constant([0, 0, 0]));
    await expectLowered(build, random([2, 3], 1), ['HardSigmoid']);
  });

  it('leaves a negative low number, which a line through 0 would miss', async () => {
    await expectLowered((value) => mask(value, 1, -0.5), tensor([-2, 0, 3]), ['Greater', 'Where']);
  });

  it('leaves a high number that is not above the low one', async () => {
    await expectLowered((value) => mask(value, 1, 3), tensor([-2, 0, 3]), ['Greater', 'Where']);
    await expectLowered((value) => mask(value, 2, 2), tensor([-2, 0, 3]), ['Greater', 'Where']);
  });

  it('leaves other conditions', async () => {
    const x = tensor([-2, 0, 1, 3]);
    const pick = (condition: Value) => where(condition, constant(1), constant(0));
    await expectLowered((value) => pick(greater(value, 1)), x, ['Greater', 'Where']);
    await expectLowered((value) => pick(greater(0, value)), x, ['Greater', 'Where']);
    await expectLowered((value) => pick(greater(value, constant([0, 1, 0, 1]))), x, ['Greater', 'Where']);
    await expectLowered((value) => pick(equal(value, 0)), x, ['Equal', 'Where']);
  });

  it('leaves conditions that are inputs, and branches that are not one constant number', () => {
    const [x, condition] = [input('x', [2]), input('condition', [2], 'bool')];
    expect(rewritten(where(condition, constant(1), constant(0)))).toBeUndefined();
    expect(rewritten(where(greater(x, 0), x, constant(0)))).toBeUndefined();
    expect(rewritten(where(greater(x, 0), constant(1), x))).toBeUndefined();
    expect(rewritten(where(greater(x, 0), constant([1, 2]), constant(0)))).toBeUndefined();
  });

  it('leaves branches that repeat the condition', async () => {
    const ones = constant(new Array<number>(6).fill(1), [2, 3]);
    await expectLowered((value) => where(greater(value, 0), ones, constant(0)), tensor([-1, 0, 2]), ['Greater', 'Where']);
    await expectLowered((value) => where(greater(value, 0), ones, constant(0)), tensor([-1, 2], [2, 1]), ['Greater', 'Where']);
  });
});

describe('signs', () => {
  it('makes Sign a clipped line', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, (x) => expectLowered((value) => sign(value), x, ['Clip', 'Mul'])),
      runs,
    );
  });

  it('leaves everything else', () => {
    expect(signToClip.apply(where(greater(input('x', []), 0), constant(1), constant(-1)) as ComputedValue)).toBeUndefined();
  });
});
