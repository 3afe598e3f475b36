import { adam, type AdamConstants, adamScalars } from './adam.js';
import { add, mul, sub } from './operators/index.js';
import type { Value } from './value.js';

/** How parameters follow their gradients, in PyTorch's form. Weight decay is 0 by default. */
export type OptimizerChoice =
  | ({ name: 'adam' | 'adamw'; weightDecay?: number } & Partial<AdamConstants>)
  | { name: 'sgd'; momentum?: number; weightDecay?: number };

/** Named vectors of the parameters' size, and named scalars that differ by step. */
export interface Optimizer {
  states: readonly string[];
  scalars: (learningRate: number, step: number) => Record<string, number>;
  /** Returns the next parameters and states. */
  update: (
    parameters: Value,
    gradient: Value,
    at: { states: Record<string, Value>; scalars: Record<string, Value> },
  ) => { parameters: Value; states: Record<string, Value> };
}

export function createOptimizer({ weightDecay = 0, ...choice }: OptimizerChoice): Optimizer {
  return choice.name === 'sgd' ? createSgd(weightDecay, choice.momentum ?? 0) : createAdam(weightDecay, choice);
}

const withPenalty = (gradient: Value, parameters: Value, weightDecay: number) =>
  weightDecay === 0 ? gradient : add(gradient, mul(parameters, weightDecay));

const createSgd = (weightDecay: number, momentum: number): Optimizer => ({
  states: momentum === 0 ? [] : ['momentum'],
  scalars: (learningRate) => ({ learningRate }),
  update(parameters, gradient, { states, scalars }) {
    const direction = withPenalty(gradient, parameters, weightDecay);
    const next = states.momentum ? add(mul(states.momentum, momentum), direction) : direction;
    return {
      parameters: sub(parameters, mul(next, scalars.learningRate!)),
      states: states.momentum ? { momentum: next } : {},
    };
  },
});

function createAdam(
  weightDecay: number,
  { name, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Extract<OptimizerChoice, { name: 'adam' | 'adamw' }>,
): Optimizer {
  const constants = { beta1, beta2, epsilon };
  const isDecoupled = name === 'adamw';
  return {
    states: ['m', 'v'],
    scalars(learningRate, step) {
      const [stepSize, denominatorScale] = adamScalars(learningRate, step, constants);
      return { stepSize, denominatorScale, ...(isDecoupled && { decay: 1 - learningRate * weightDecay }) };
    },
    update(parameters, gradient, { states, scalars }) {
      const decayed = isDecoupled ? mul(parameters, scalars.decay!) : parameters;
      const penalized = isDecoupled ? gradient : withPenalty(gradient, parameters, weightDecay);
      const [moments, steps] = [
        states as { m: Value; v: Value },
        scalars as Record<'stepSize' | 'denominatorScale', Value>,
      ];
      const { parameter, ...next } = adam(decayed, penalized, moments, steps, constants);
      return { parameters: parameter, states: next };
    },
  };
}
