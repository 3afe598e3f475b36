import { describe, expect, it } from 'vitest';
import {
  adam,
  type AdamConstants,
  adamScalars,
  graphOf,
  input,
  nextName,
  StatefulProgram,
} from '../../src/engine/index.js';
import { expectCloseElements } from './expectations.js';
import { compileSmall } from './running.js';
import { random } from './tensors.js';

const SIZE = 6;
const LEARNING_RATE = 2e-3;

interface Reference {
  parameter: number[];
  m: number[];
  v: number[];
}

/** Kingma and Ba's algorithm 1, in double precision. */
function paperStep(
  { parameter, m, v }: Reference,
  gradient: readonly number[],
  t: number,
  { beta1, beta2, epsilon }: AdamConstants,
): Reference {
  const nextM = m.map((element, i) => beta1 * element + (1 - beta1) * gradient[i]!);
  const nextV = v.map((element, i) => beta2 * element + (1 - beta2) * gradient[i]! ** 2);
  const next = parameter.map((element, i) => {
    const [meanHat, varianceHat] = [nextM[i]! / (1 - beta1 ** t), nextV[i]! / (1 - beta2 ** t)];
    return element - (LEARNING_RATE * meanHat) / (Math.sqrt(varianceHat) + epsilon);
  });
  return { parameter: next, m: nextM, v: nextV };
}

/**
 * The same as torch.optim.Adam computes it (`_single_tensor_adam`): lerp_, addcmul_, and a bias-corrected denominator.
 */
function torchStep(
  { parameter, m, v }: Reference,
  gradient: readonly number[],
  t: number,
  { beta1, beta2, epsilon }: AdamConstants,
): Reference {
  const nextM = m.map((element, i) => element + (gradient[i]! - element) * (1 - beta1));
  const nextV = v.map((element, i) => element * beta2 + gradient[i]! * gradient[i]! * (1 - beta2));
  const stepSize = LEARNING_RATE / (1 - beta1 ** t);
  const root = Math.sqrt(1 - beta2 ** t);
  return {
    parameter: parameter.map(
      (element, i) => element - (stepSize * nextM[i]!) / (Math.sqrt(nextV[i]!) / root + epsilon),
    ),
    m: nextM,
    v: nextV,
  };
}

async function compileAdam(constants: AdamConstants, initial: Float32Array): Promise<StatefulProgram> {
  const [parameter, gradient, m, v] = [
    input('parameter', [SIZE]),
    input('gradient', [SIZE]),
    input('m', [SIZE]),
    input('v', [SIZE]),
  ];
  const schedule = { stepSize: input('stepSize', []), denominatorScale: input('denominatorScale', []) };
  const next = adam(parameter, gradient, { m, v }, schedule, constants);
  const program = await compileSmall(
    graphOf({ [nextName('parameter')]: next.parameter, [nextName('m')]: next.m, [nextName('v')]: next.v }),
  );
  return new StatefulProgram(program, { parameter: initial, m: new Float32Array(SIZE), v: new Float32Array(SIZE) });
}

async function trainedBy(
  constants: AdamConstants,
  initial: Float32Array,
  gradients: readonly Float32Array[],
): Promise<Record<string, Float32Array>> {
  const program = await compileAdam(constants, initial);
  try {
    for (const [index, gradient] of gradients.entries()) {
      const [stepSize, denominatorScale] = adamScalars(LEARNING_RATE, index + 1, constants);
      await program.step({
        gradient,
        stepSize: Float32Array.of(stepSize),
        denominatorScale: Float32Array.of(denominatorScale),
      });
    }
    return await program.readState();
  } finally {
    await program.release();
  }
}

describe('adam', () => {
  const initial = random([SIZE], 1).data;
  /** Gradients of very different sizes, the smallest of the order of epsilon. */
  const gradients = Array.from({ length: 7 }, (_, step) =>
    random([SIZE], step + 2).data.map((element, index) => element * 10 ** (1 - 2 * index)),
  );

  describe.each([
    { beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
    { beta1: 0.9, beta2: 0.99, epsilon: 1e-3 },
  ])('with $beta1, $beta2, $epsilon', (constants) => {
    it.each([
      ['the paper', paperStep],
      ['PyTorch', torchStep],
    ])('takes the steps of %s', async (_, reference) => {
      const start: Reference = {
        parameter: Array.from(initial),
        m: new Array<number>(SIZE).fill(0),
        v: new Array<number>(SIZE).fill(0),
      };
      const expected = gradients.reduce(
        (state, gradient, index) => reference(state, Array.from(gradient), index + 1, constants),
        start,
      );
      const state = await trainedBy(constants, initial, gradients);
      // The distance travelled, since the parameters themselves hide it.
      const travelled = (parameter: Iterable<number>) =>
        Array.from(parameter, (element, index) => element - initial[index]!);
      expectCloseElements(travelled(state.parameter!), travelled(expected.parameter), 1e-4);
      for (const [index, m] of expected.m.entries()) expect(state.m![index]! / m).toBeCloseTo(1, 4);
      for (const [index, v] of expected.v.entries()) expect(state.v![index]! / v).toBeCloseTo(1, 4);
    });
  });

  it('first steps by the learning rate, whatever the size of the gradient', async () => {
    const { parameter } = await trainedBy({ beta1: 0.5, beta2: 0.999, epsilon: 1e-12 }, new Float32Array(SIZE), [
      Float32Array.of(1e-4, -1e-2, 1, -10, 100, 1e4),
    ]);
    expectCloseElements(
      Array.from(parameter!),
      [-1, 1, -1, 1, -1, -1].map((direction) => direction * LEARNING_RATE),
      1e-5,
    );
  });

  it('does not move if the gradients are zero', async () => {
    const { parameter } = await trainedBy({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, initial, [
      new Float32Array(SIZE),
      new Float32Array(SIZE),
    ]);
    expect(parameter).toEqual(initial);
  });
});

describe('adamScalars', () => {
  it('contains the bias corrections of both moments', () => {
    expect(adamScalars(0.1, 1, { beta1: 0.5, beta2: 0.75, epsilon: 1e-8 })).toEqual([0.2, 2]);
    const [stepSize, denominatorScale] = adamScalars(0.1, 2, { beta1: 0.5, beta2: 0.5, epsilon: 1e-8 });
    expect(stepSize).toBeCloseTo(0.1 / 0.75, 12);
    expect(denominatorScale).toBeCloseTo(1 / Math.sqrt(0.75), 12);
  });

  it('converges to the learning rate and 1', () => {
    expect(adamScalars(0.1, 1e6, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })).toEqual([0.1, 1]);
  });
});
