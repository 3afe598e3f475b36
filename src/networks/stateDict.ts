/**
 * Weights under the names that PyTorch's `state_dict` gives them in the published networks, each an `nn.Sequential` named `main` whose elements are the
 * layers of an architecture here: `generator.main.1.running_mean`.
 */
import { flattenTensors, type Shape, showShape, type TensorFile, tensorViews } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type ArchitectureName, ARCHITECTURES } from './architecture.js';
import { type InputKind, type Network, NETWORK_NAMES, type NetworkName, type NetworkPair, statisticName } from './network.js';

/** Flat parameters and running statistics of both networks, the statistics of native inputs alone. */
export type PairWeights = Readonly<Record<`${NetworkName}.${'parameters' | 'statistics'}`, Float32Array>>;

/** A tensor of a state dict: which part of a network it is, and its name there. */
interface Entry {
  readonly part: 'parameters' | 'statistics';
  /** `encoder.conv1.weight` */
  readonly tensor: string;
}

/** The tensors of a network by their names in the state dict of its `main`: `0.weight`. */
function entriesOf({ name, layers, separateStatistics }: Network, kind: InputKind = 'native'): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [index, [layer, { parameters = {}, buffers = {} }]] of Object.entries(layers).entries()) {
    for (const tensor of Object.keys(parameters)) entries.set(`${index}.${tensor}`, { part: 'parameters', tensor: `${name}.${layer}.${tensor}` });
    for (const buffer of Object.keys(buffers)) {
      const tensor = statisticName(`${layer}.${buffer}`, separateStatistics ? kind : 'native');
      entries.set(`${index}.${buffer}`, { part: 'statistics', tensor: `${name}.${tensor}` });
    }
  }
  return entries;
}

/** Counters of BatchNorm2d, integers that no result depends on. */
export const isCounter = (tensor: string): boolean => tensor.endsWith('.num_batches_tracked');

/**
 * Returns the state dicts of both networks, as `generator.main.0.weight` and `encoder.main.0.weight`. If the generator has separate running statistics,
 * `decoder` is the same network with those of codes.
 */
export function toStateDict(pair: NetworkPair, weights: PairWeights): TensorFile['tensors'] {
  const tensors: Record<string, { shape: Shape; data: Float32Array }> = {};
  const write = (as: string, network: Network, kind?: InputKind) => {
    for (const [name, { part, tensor }] of entriesOf(network, kind)) {
      const data = tensorViews(weights[`${network.name}.${part}`], network[part])[tensor]!;
      tensors[`${as}.main.${name}`] = { shape: network[part].entries.get(tensor)!.shape, data };
    }
  };
  write('encoder', pair.encoder);
  write('generator', pair.generator);
  if (pair.generator.separateStatistics) write('decoder', pair.generator, 'generated');
  return tensors;
}

/** The options of networks that a state dict determines. */
export interface StateDictOptions {
  readonly channels: number;
  readonly width: number;
  readonly latent: number;
}

/**
 * Returns the options of the networks of a state dict, from the shapes of its first layers.
 * @param file the name of the file in messages
 * @throws {InputError} if it has none of them
 */
export function optionsOf(tensors: TensorFile['tensors'], file: string): StateDictOptions {
  const shapeOf = (tensor: string): Shape => {
    const shape = tensors[tensor]?.shape;
    if (shape?.length !== 4) throw new InputError(`${file}: expected ${tensor} with four axes but ${shape ? `got ${showShape(shape)}` : 'it is missing'}`);
    return shape;
  };
  const [width, channels] = shapeOf('encoder.main.0.weight');
  const [latent] = shapeOf('generator.main.0.weight');
  return { channels: channels!, width: width!, latent: latent! };
}

/**
 * Returns the weights of a state dict.
 * @param file the name of the file in messages
 * @throws {InputError} if a tensor is missing, has another shape, or belongs to neither network
 */
export function fromStateDict(tensors: TensorFile['tensors'], architecture: ArchitectureName, options: StateDictOptions, file: string): PairWeights {
  const { latent: latentSize, channels, width } = options;
  const pair = ARCHITECTURES[architecture].build({ channels, latentSize, width });
  const left = new Set(Object.keys(tensors));
  const vectors = NETWORK_NAMES.flatMap((name) => {
    const network = pair[name];
    const parts = { parameters: {}, statistics: {} } as Record<Entry['part'], Record<string, Float32Array>>;
    for (const [key, { part, tensor }] of entriesOf(network)) {
      const full = `${name}.main.${key}`;
      const { shape } = network[part].entries.get(tensor)!;
      const found = tensors[full];
      if (found?.shape.join() !== shape.join()) {
        const problem = found ? `got ${showShape(found.shape)}` : 'it is missing';
        throw new InputError(`${file}: not ${architecture} of width ${width}: expected ${full} of shape ${showShape(shape)} but ${problem}`);
      }
      parts[part][tensor] = found.data;
      left.delete(full);
    }
    return (['parameters', 'statistics'] as const).map((part) => [`${name}.${part}`, flattenTensors(parts[part], network[part])] as const);
  });
  const [extra] = left;
  if (extra !== undefined) throw new InputError(`${file}: not ${architecture}: ${extra} belongs to neither network`);
  return Object.fromEntries(vectors) as PairWeights;
}
