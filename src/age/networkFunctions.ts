import { reshape, unpack, type Value } from '../engine/index.js';
import { forwardEval, forwardTrain, type NamedValues } from '../networks/forward.js';
import type { InputKind, Network, NetworkName, NetworkPair, WeightName } from '../networks/network.js';
import { normalizeAlongAxis1, type Prior } from './prior.js';

export type PairState = Readonly<Record<WeightName, Value>>;

interface PassOptions {
  readonly kind: InputKind;
  /** Whether the pass leaves the running statistics as they are (default: false). */
  readonly keepsStatistics?: boolean;
}

/** Images x are `[N, C, H, W]` in [-1, 1], codes z `[N, M]`. */
export interface NetworkFunctions {
  readonly encode: (inputs: { readonly x: Value }, options: PassOptions) => Value;
  readonly generate: (inputs: { readonly z: Value }, options: PassOptions) => Value;
}

/** The networks in an update. Each call normalizes by its own batch, and updates the running statistics by default. */
export class TrainingFunctions implements NetworkFunctions {
  readonly parameters: Readonly<Record<NetworkName, NamedValues>>;
  readonly statistics: Record<NetworkName, Value>;

  constructor(
    private readonly pair: NetworkPair,
    state: PairState,
    private readonly prior: Prior,
  ) {
    this.parameters = {
      encoder: unpack(state['encoder.parameters'], pair.encoder.parameters),
      generator: unpack(state['generator.parameters'], pair.generator.parameters),
    };
    this.statistics = { encoder: state['encoder.statistics'], generator: state['generator.statistics'] };
  }

  // Bound, so that they can be passed on as functions.
  readonly encode: NetworkFunctions['encode'] = ({ x }, options) =>
    toCodes(this.pass('encoder', x, options), this.prior);
  readonly generate: NetworkFunctions['generate'] = ({ z }, options) => this.pass('generator', fromCodes(z), options);

  private pass(name: NetworkName, x: Value, { kind, keepsStatistics = false }: PassOptions): Value {
    const state = { parameters: this.parameters[name], statistics: this.statistics[name] };
    const { output, statistics } = forwardTrain(this.pair[name], { ...state, x, kind });
    if (!keepsStatistics) this.statistics[name] = statistics;
    return output;
  }
}

export function inferenceFunctions(pair: NetworkPair, state: PairState, prior: Prior): NetworkFunctions {
  return networkFunctions(
    pair,
    (name) => ({
      ...unpack(state[`${name}.parameters`], pair[name].parameters),
      ...unpack(state[`${name}.statistics`], pair[name].statistics),
    }),
    prior,
  );
}

/**
 * The networks after training, which normalize by running statistics.
 * @param tensorsOf returns parameters and running statistics by name
 */
export function networkFunctions(
  pair: NetworkPair,
  tensorsOf: (network: NetworkName) => NamedValues,
  prior: Prior,
): NetworkFunctions {
  const run = (network: Network, x: Value, kind: InputKind) => {
    const tensors = tensorsOf(network.name);
    return forwardEval(network, { parameters: tensors, statistics: tensors, x, kind });
  };
  return {
    encode: ({ x }, { kind }) => toCodes(run(pair.encoder, x, kind), prior),
    generate: ({ z }, { kind }) => run(pair.generator, fromCodes(z), kind),
  };
}

/** Reshapes `[N, M, 1, 1]` to `[N, M]`, and divides codes on the sphere by their norms. */
function toCodes(output: Value, prior: Prior): Value {
  const codes = reshape(output, [output.shape[0]!, output.shape[1]!]);
  return prior === 'sphere' ? normalizeAlongAxis1(codes) : codes;
}

const fromCodes = (z: Value): Value => reshape(z, [z.shape[0]!, z.shape[1]!, 1, 1]);
