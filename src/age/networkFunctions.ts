import { reshape, unpack, type Value } from '../engine/index.js';
import { forwardEval, forwardTrain, type NamedValues } from '../networks/forward.js';
import type { InputKind, NetworkName, NetworkPair, WeightName } from '../networks/network.js';
import { normalizeAlongAxis1, type Prior } from './prior.js';

export type PairState = Record<WeightName, Value>;

interface PassOptions {
  kind: InputKind;
  /** Whether the running statistics stay unchanged (default: false). */
  keepsStatistics?: boolean;
}

/** Images x are `[N, C, H, W]` in [-1, 1], codes z `[N, M]`, conditions y of conditional networks `[N, K]` or `[N, C, H, W]`. */
export interface NetworkFunctions {
  encode: (inputs: { x: Value } & Condition, options: PassOptions) => Value;
  generate: (inputs: { z: Value } & Condition, options: PassOptions) => Value;
}

interface Condition {
  y?: Value | undefined;
}

const functionsOf = (
  prior: Prior,
  run: (network: NetworkName, inputs: { x: Value; condition: Value | undefined }, options: PassOptions) => Value,
): NetworkFunctions => ({
  encode: ({ x, y }, options) => {
    const output = run('encoder', { x, condition: y }, options);
    const codes = reshape(output, [output.shape[0]!, output.shape[1]!]);
    return prior === 'sphere' ? normalizeAlongAxis1(codes) : codes;
  },
  generate: ({ z, y }, options) =>
    run('generator', { x: reshape(z, [z.shape[0]!, z.shape[1]!, 1, 1]), condition: y }, options),
});

/** Each call normalizes by its own batch, and updates the `statistics` of the result. */
export function trainingFunctions(pair: NetworkPair, state: PairState, prior: Prior) {
  const parameters = {
    encoder: unpack(state['encoder.parameters'], pair.encoder.parameters),
    generator: unpack(state['generator.parameters'], pair.generator.parameters),
  };
  const statistics = { encoder: state['encoder.statistics'], generator: state['generator.statistics'] };
  const functions = functionsOf(prior, (name, inputs, { kind, keepsStatistics = false }) => {
    const tensors = { parameters: parameters[name], statistics: statistics[name] };
    const pass = forwardTrain(pair[name], { ...tensors, ...inputs, kind });
    if (!keepsStatistics) statistics[name] = pass.statistics;
    return pass.output;
  });
  return { ...functions, parameters, statistics };
}

export const inferenceFunctions = (pair: NetworkPair, state: PairState, prior: Prior): NetworkFunctions =>
  networkFunctions(
    pair,
    (name) => ({
      ...unpack(state[`${name}.parameters`], pair[name].parameters),
      ...unpack(state[`${name}.statistics`], pair[name].statistics),
    }),
    prior,
  );

/**
 * Functions for inference.
 * @param tensorsOf returns parameters and running statistics by name
 */
export const networkFunctions = (
  pair: NetworkPair,
  tensorsOf: (network: NetworkName) => NamedValues,
  prior: Prior,
): NetworkFunctions =>
  functionsOf(prior, (name, inputs, { kind }) => {
    const tensors = tensorsOf(name);
    return forwardEval(pair[name], { parameters: tensors, statistics: tensors, ...inputs, kind });
  });
