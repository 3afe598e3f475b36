import { reshape, unpack, type Value } from '../engine/index.js';
import { forwardEval, forwardTrain, type NamedValues } from '../networks/forward.js';
import type { InputKind } from '../networks/layer.js';
import type { Network, NetworkPair } from '../networks/network.js';
import { normalizeAlongAxis1, type Prior } from './prior.js';

/** A network's symbolic state: its parameters and running statistics, packed. */
export interface NetworkState {
  readonly parameters: Value;
  readonly statistics: Value;
}

export interface PairState {
  readonly encoder: NetworkState;
  readonly generator: NetworkState;
}

/** The pair as functions, x -> e(x) and z -> g(z), on images [N, C, H, W] and codes [N, M]. */
export interface NetworkFunctions {
  readonly encode: (x: Value, kind: InputKind) => Value;
  readonly generate: (z: Value, kind: InputKind) => Value;
}

/** Players of an update: each call is a training pass, which normalises by its own batch and moves the running statistics. */
export class TrainingFunctions implements NetworkFunctions {
  readonly encoder: NetworkInTraining;
  readonly generator: NetworkInTraining;

  constructor(
    pair: NetworkPair,
    state: PairState,
    private readonly prior: Prior,
  ) {
    this.encoder = new NetworkInTraining(pair.encoder, state.encoder);
    this.generator = new NetworkInTraining(pair.generator, state.generator);
  }

  // Bound to the object, so that they can be handed on as plain functions.
  readonly encode = (x: Value, kind: InputKind): Value => toCodes(this.encoder.pass(x, kind), this.prior);
  readonly generate = (z: Value, kind: InputKind): Value => this.generator.pass(fromCodes(z), kind);
}

/** A network with its parameters unpacked, so that gradients can be taken with respect to each, and its statistics so far. */
class NetworkInTraining {
  readonly parameters: NamedValues;
  statistics: Value;

  constructor(
    readonly network: Network,
    state: NetworkState,
  ) {
    this.parameters = unpack(state.parameters, network.parameters);
    this.statistics = state.statistics;
  }

  pass(x: Value, kind: InputKind): Value {
    const { output, statistics } = forwardTrain(this.network, this.parameters, this.statistics, x, kind);
    this.statistics = statistics;
    return output;
  }
}

/** Players after training: running statistics normalise, and nothing changes them. */
export function inferenceFunctions(pair: NetworkPair, state: PairState, prior: Prior): NetworkFunctions {
  const run = (network: Network, { parameters, statistics }: NetworkState, x: Value, kind: InputKind) =>
    forwardEval(network, unpack(parameters, network.parameters), unpack(statistics, network.statistics), x, kind);
  return {
    encode: (x, kind) => toCodes(run(pair.encoder, state.encoder, x, kind), prior),
    generate: (z, kind) => run(pair.generator, state.generator, fromCodes(z), kind),
  };
}

/** [N, M, 1, 1] to [N, M]; on the sphere each code is divided by its norm. */
function toCodes(output: Value, prior: Prior): Value {
  const codes = reshape(output, [output.shape[0]!, output.shape[1]!]);
  return prior === 'sphere' ? normalizeAlongAxis1(codes) : codes;
}

const fromCodes = (z: Value): Value => reshape(z, [z.shape[0]!, z.shape[1]!, 1, 1]);
