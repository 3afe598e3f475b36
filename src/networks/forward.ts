import { add, concat, constant, gradients, mul, reshape, sizeOf, slice, type Value } from '../engine/index.js';
import { MOMENTUM, sequential } from './layer.js';
import { type InputKind, type Network, statisticName } from './network.js';

/** By name, such as `encoder.conv1.weight`. */
export type NamedValues = Record<string, Value>;

export function namedGradients(loss: Value, tensors: NamedValues): NamedValues {
  const values = gradients(loss, Object.values(tensors));
  return Object.fromEntries(Object.keys(tensors).map((name, index) => [name, values[index]!]));
}

interface ForwardInputs<Statistics> {
  parameters: NamedValues;
  statistics: Statistics;
  /** `[N, ...inputShape]` */
  x: Value;
  /** Of a conditional network, `[N, K]` or `[N, C, H, W]`. */
  condition?: Value | undefined;
  /** Selects separate running statistics (default: native). */
  kind?: InputKind;
}

/** Normalizes each batch by its own statistics. */
export function forwardTrain(
  network: Network,
  { parameters, statistics, x, condition, kind = 'native' }: ForwardInputs<Value>,
) {
  const observed = new Map<string, { value: Value; rate: number }>();
  const root = sequential(network.layers);
  const output = root.forward(x, {
    parameter: (name) => parameters[`${network.name}.${name}`]!,
    buffer: (name) => {
      throw new Error(`forwardTrain: ${name} is read in training, which only updates running statistics`);
    },
    condition,
    observe: (name, value, rate) => observed.set(name, { value, rate }),
  });
  const observations = Object.keys(root.buffers ?? {}).map((name) => observed.get(name)!);
  if (observations.length === 0) return { output, statistics };
  if (!network.separateStatistics) return { output, statistics: updateRunningStats(statistics, observations) };
  const { size } = network.statistics;
  const [native, generated] = [slice(statistics, 0, 0, size / 2), slice(statistics, 0, size / 2, size)];
  const next =
    kind === 'native'
      ? [updateRunningStats(native, observations), generated]
      : [native, updateRunningStats(generated, observations)];
  return { output, statistics: concat(next, 0) };
}

/** Normalizes by running statistics. */
export function forwardEval(
  network: Network,
  { parameters, statistics, x, condition, kind = 'native' }: ForwardInputs<NamedValues>,
): Value {
  return sequential(network.layers).forward(x, {
    parameter: (name) => parameters[`${network.name}.${name}`]!,
    buffer: (name) =>
      statistics[`${network.name}.${statisticName(name, network.separateStatistics ? kind : 'native')}`]!,
    condition,
    observe: undefined,
  });
}

/** With a few operators for all layers. */
function updateRunningStats(statistics: Value, observations: readonly { value: Value; rate: number }[]) {
  const sizes = observations.map(({ value }) => sizeOf(value.shape));
  const observed = concat(
    observations.map(({ value }, index) => reshape(value, [sizes[index]!])),
    0,
  );
  const rates = observations.flatMap(({ rate }, index) => new Array<number>(sizes[index]!).fill(rate));
  return add(mul(statistics, 1 - MOMENTUM), mul(observed, constant(rates)));
}
