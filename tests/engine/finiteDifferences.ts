/** Holds gradients against differences of what ONNX Runtime computes. */
import { expect } from 'vitest';
import {
  gradients,
  type Graph,
  graphOf,
  mul,
  type Program,
  sizeOf,
  sumOf,
  type TensorData,
  type Value,
} from '../../src/engine/index.js';
import { type Target } from '../../src/engine/lowering/lower.js';
import { constantTensor } from '../../src/engine/value.js';
import { expectCloseElements, largestOf } from './expectations.js';
import { type Build, compileSmall, feedsOf, inputsFor, run } from './running.js';
import { random } from './tensors.js';

/** How far elements are moved, at most twice: keep them further than 2 STEP from kinks. */
const STEP = 1e-2;
/** The central difference of fourth order: multiples of STEP and their weights. */
const STENCIL = [
  [-2, 1 / 12],
  [-1, -2 / 3],
  [1, 2 / 3],
  [2, -1 / 12],
] as const;
/** Float32 leaves this much, relative to the largest element of a gradient... */
const TOLERANCE = 2e-3;
/** ...or, where the value hardly depends on anything, relative to this part of the value. */
const SHARE_OF_VALUE = 1e-2;

/** A loss that weighs each element of a result differently, so that no error of one element hides behind another. */
const weightsOf = (result: Value): TensorData<'float32'> => random(result.shape, 12345, 0.5, 1.5);

export const lossOf = (result: Value): Value => sumOf(mul(result, constantTensor(weightsOf(result))));

/**
 * The graph of the gradients of a loss with respect to each float32 tensor it is built from, as outputs `gradientN`.
 */
export function gradientGraph(build: Build, tensors: readonly TensorData[], loss = lossOf): Graph {
  const inputs = inputsFor(tensors);
  const real = inputs.filter(({ type }) => type === 'float32');
  const results = gradients(loss(build(...inputs)), real);
  return graphOf(
    Object.fromEntries(results.map((value, index) => [`gradient${inputs.indexOf(real[index]!)}`, value])),
    inputs,
  );
}

export interface LossOptions {
  /** The scalar that is differentiated, made of what was built; default its weighted sum. */
  loss?: (result: Value) => Value;
  target?: Target;
}

/** For each tensor the gradient of the loss with respect to it; undefined where the tensor is not float32. */
export async function gradientsAt(
  build: Build,
  tensors: readonly TensorData[],
  { loss, target }: LossOptions = {},
): Promise<(TensorData | undefined)[]> {
  const results = await run(gradientGraph(build, tensors, loss), tensors, target);
  return tensors.map((_, index) => results[`gradient${index}`]);
}

/**
 * Expects the gradient of a value with respect to every float32 tensor it is built from to agree with finite
 * differences of the value as ONNX Runtime computes it.
 */
export async function expectRightGradients(
  build: Build,
  tensors: readonly TensorData[],
  tolerance = TOLERANCE,
): Promise<void> {
  const actual = await gradientsAt(build, tensors);
  const inputs = inputsFor(tensors);
  const result = build(...inputs);
  const program = await compileSmall(graphOf({ result }, inputs));
  try {
    const { data } = (await program.run(feedsOf(tensors))).result!;
    const floor = SHARE_OF_VALUE * largestOf(Array.from(data, Number));
    for (const [index, gradient] of actual.entries()) {
      if (gradient === undefined) continue;
      expect(gradient.shape).toEqual(tensors[index]!.shape);
      const expected = await differences(program, tensors, index, weightsOf(result).data);
      expectCloseElements(Array.from(gradient.data, Number), expected, tolerance, floor);
    }
  } finally {
    await program.release();
  }
}

/**
 * The weighted sum's derivative with respect to each element of one tensor. The sum is taken here, in double precision.
 */
async function differences(
  program: Program,
  tensors: readonly TensorData[],
  which: number,
  weights: Float32Array,
): Promise<number[]> {
  const { shape, data } = tensors[which]!;
  const derivatives: number[] = [];
  for (let element = 0; element < sizeOf(shape); element++) {
    let derivative = 0;
    for (const [multiple, share] of STENCIL) {
      const moved = Float32Array.from(data as Float32Array);
      moved[element]! += multiple * STEP;
      const { result } = await program.run({ ...feedsOf(tensors), [`input${which}`]: moved });
      const loss = (result!.data as Float32Array).reduce((sum, value, index) => sum + value * weights[index]!, 0);
      derivative += (share * loss) / STEP;
    }
    derivatives.push(derivative);
  }
  return derivatives;
}
