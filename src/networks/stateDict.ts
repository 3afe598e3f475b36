/**
 * Weights under PyTorch's names: each published network is an `nn.Sequential` named `main`, whose elements are the
 * layers here, as in `generator.main.1.running_mean`.
 */
import { flattenTensors, type Shape, showShape, type TensorFile, tensorViews } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type ArchitectureName, ARCHITECTURES } from './architecture.js';
import {
  type InputKind,
  type ModelWeights,
  type Network,
  type NetworkName,
  type NetworkPair,
  statisticName,
} from './network.js';

/** With separate running statistics, a file has each network twice. */
const ROLES = {
  encoder: { network: 'encoder', kind: 'native' },
  generator: { network: 'generator', kind: 'native' },
  sample_encoder: { network: 'encoder', kind: 'generated' },
  decoder: { network: 'generator', kind: 'generated' },
} as const satisfies Readonly<Record<string, { readonly network: NetworkName; readonly kind: InputKind }>>;
const rolesIn = ({ encoder: { separateStatistics } }: NetworkPair) =>
  Object.entries(ROLES).filter(([, { kind }]) => kind === 'native' || separateStatistics);

/** A tensor such as `encoder.conv1.weight`. */
interface Entry {
  readonly part: 'parameters' | 'statistics';
  readonly tensor: string;
}

/** By the names within `main`, such as `0.weight`. */
function entriesOf({ name, layers }: Network, kind: InputKind): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [index, [layer, { parameters = {}, buffers = {} }]] of Object.entries(layers).entries()) {
    for (const tensor of Object.keys(parameters))
      entries.set(`${index}.${tensor}`, { part: 'parameters', tensor: `${name}.${layer}.${tensor}` });
    for (const buffer of Object.keys(buffers))
      entries.set(`${index}.${buffer}`, {
        part: 'statistics',
        tensor: `${name}.${statisticName(`${layer}.${buffer}`, kind)}`,
      });
  }
  return entries;
}

/** Whether it is a counter of BatchNorm2d, on which no result depends. */
export const isCounter = (tensor: string): boolean => tensor.endsWith('.num_batches_tracked');

/**
 * Returns tensors such as `generator.main.0.weight`. With separate running statistics, `decoder` is the generator
 * of codes of images, and `sample_encoder` the encoder of samples.
 */
export function toStateDict(pair: NetworkPair, weights: ModelWeights): TensorFile['tensors'] {
  const tensors: Record<string, { shape: Shape; data: Float32Array }> = {};
  for (const [role, { network: name, kind }] of rolesIn(pair)) {
    const network = pair[name];
    for (const [key, { part, tensor }] of entriesOf(network, kind)) {
      const data = tensorViews(weights[`${name}.${part}`], network[part])[tensor]!;
      tensors[`${role}.main.${key}`] = { shape: network[part].entries.get(tensor)!.shape, data };
    }
  }
  return tensors;
}

export interface StateDictOptions {
  readonly channels: 1 | 3;
  readonly width: number;
  readonly latent: number;
  readonly separateStatistics: boolean;
}

/**
 * Reads the options from the shapes of the first layers.
 * @param file its name in messages
 * @throws {InputError} if there are no such layers, or images do not have 1 or 3 channels
 */
export function stateDictOptions(tensors: TensorFile['tensors'], file: string): StateDictOptions {
  const shapeOf = (tensor: string): Shape => {
    const shape = tensors[tensor]?.shape;
    if (shape?.length !== 4)
      throw new InputError(
        file,
        `expected ${tensor} with four axes but ${shape ? `got ${showShape(shape)}` : 'it is missing'}`,
      );
    return shape;
  };
  const [width, channels] = shapeOf('encoder.main.0.weight');
  const [latent] = shapeOf('generator.main.0.weight');
  if (channels !== 1 && channels !== 3)
    throw new InputError(file, `expected images with 1 or 3 channels but encoder.main.0.weight has ${channels}`);
  return { channels, width: width!, latent: latent!, separateStatistics: 'decoder.main.0.weight' in tensors };
}

/**
 * @param file its name in messages
 * @throws {InputError} if a tensor is missing, has another shape, is not finite, or belongs to no network
 */
export function fromStateDict(
  tensors: TensorFile['tensors'],
  architecture: ArchitectureName,
  options: StateDictOptions,
  file: string,
): ModelWeights {
  const { latent: latentSize, channels, width, separateStatistics } = options;
  const pair = ARCHITECTURES[architecture].build({ channels, latentSize, width, separateStatistics });
  const found: Record<string, Float32Array> = {};
  const left = new Set(Object.keys(tensors));
  for (const [role, { network, kind }] of rolesIn(pair)) {
    for (const [key, { part, tensor: own }] of entriesOf(pair[network], kind)) {
      const name = `${role}.main.${key}`;
      const { shape } = pair[network][part].entries.get(own)!;
      const tensor = tensors[name];
      if (tensor?.shape.join() !== shape.join()) {
        const actual = tensor ? `got ${showShape(tensor.shape)}` : 'it is missing';
        const expected = `expected ${name} of shape ${showShape(shape)}`;
        throw new InputError(file, `not ${architecture} of width ${width}: ${expected} but ${actual}`);
      }
      const { data } = tensor;
      requireUsable(data, `${file}: ${name}`);
      if (found[own]?.some((element, index) => element !== data[index]))
        throw new InputError(file, `${name} differs from that of ${network}`);
      found[own] = data;
      left.delete(name);
    }
  }
  const [extra] = left;
  if (extra !== undefined) throw new InputError(file, `not ${architecture}: ${extra} belongs to no network`);
  const flat = (name: NetworkName, part: Entry['part']) =>
    [`${name}.${part}`, flattenTensors(found, pair[name][part])] as const;
  return Object.fromEntries(
    (['encoder', 'generator'] as const).flatMap((name) => [flat(name, 'parameters'), flat(name, 'statistics')]),
  ) as ModelWeights;
}

/** @throws {InputError} if an element is not finite, or a variance is negative */
function requireUsable(data: Float32Array, name: string): void {
  const least = name.endsWith('.running_var') ? 0 : -Infinity;
  const index = data.findIndex((element) => !Number.isFinite(element) || element < least);
  if (index >= 0) throw new InputError(name, `element ${index} is ${data[index]}, which no network can have`);
}
