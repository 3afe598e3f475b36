/** PyTorch's names: each published network is an `nn.Sequential` named `main`. */
import { flattenTensors, showShape, type TensorFile, tensorViews } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type ArchitectureName, ARCHITECTURES } from './architecture.js';
import {
  type InputKind,
  mapWeights,
  type ModelWeights,
  type Network,
  type NetworkName,
  type NetworkPair,
  statisticName,
} from './network.js';

/** With separate running statistics, `sample_encoder` encodes samples, and `decoder` generates from codes of images. */
const ROLES = {
  encoder: { network: 'encoder', kind: 'native' },
  generator: { network: 'generator', kind: 'native' },
  sample_encoder: { network: 'encoder', kind: 'generated' },
  decoder: { network: 'generator', kind: 'generated' },
} as const satisfies Record<string, { network: NetworkName; kind: InputKind }>;

/** `name` is such as `encoder.main.0.weight` in the file, `tensor` such as `encoder.conv1.weight` in the network. */
function entriesOf(pair: NetworkPair) {
  const roles = Object.entries(ROLES).filter(([, { kind }]) => kind === 'native' || pair.encoder.separateStatistics);
  return roles.flatMap(([role, { network, kind }]) =>
    tensorsOf(pair[network], kind).map(([key, part, own]) => {
      const tensor = `${network}.${own}`;
      const { shape } = pair[network][part].entries.get(tensor)!;
      return { name: `${role}.main.${key}`, network, part, tensor, shape };
    }),
  );
}

const tensorsOf = ({ layers }: Network, kind: InputKind) =>
  Object.entries(layers).flatMap(([layer, { parameters = {}, buffers = {} }], index) => [
    ...Object.keys(parameters).map((name) => [`${index}.${name}`, 'parameters', `${layer}.${name}`] as const),
    ...Object.keys(buffers).map(
      (name) => [`${index}.${name}`, 'statistics', statisticName(`${layer}.${name}`, kind)] as const,
    ),
  ]);

/** Of BatchNorm2d; no result depends on it. */
export const isCounter = (tensor: string): boolean => tensor.endsWith('.num_batches_tracked');

export const toStateDict = (pair: NetworkPair, weights: ModelWeights): TensorFile['tensors'] =>
  Object.fromEntries(
    entriesOf(pair).map(({ name, network, part, tensor, shape }) => {
      const data = tensorViews(weights[`${network}.${part}`], pair[network][part])[tensor]!;
      return [name, { shape, data }];
    }),
  );

interface StateDictOptions {
  channels: 1 | 3;
  width: number;
  latent: number;
  separateStatistics: boolean;
}

/** @throws {InputError} if the first layers are missing, or images do not have 1 or 3 channels */
export function stateDictOptions(tensors: TensorFile['tensors'], file: string): StateDictOptions {
  // Layers without weights may come first, such as a pooling.
  const shapeOf = (network: NetworkName) => {
    const numbers = [0, 1].filter((number) => `${network}.main.${number}.weight` in tensors);
    const tensor = `${network}.main.${numbers[0] ?? 0}.weight`;
    const shape = tensors[tensor]?.shape;
    if (shape?.length === 4) return shape;
    const actual = shape ? `got ${showShape(shape)}` : 'it is missing';
    throw new InputError(file, `expected ${tensor} with four axes but ${actual}`);
  };
  const [width, channels] = shapeOf('encoder');
  const [latent] = shapeOf('generator');
  if (channels !== 1 && channels !== 3)
    throw new InputError(file, `expected images with 1 or 3 channels but the encoder's first kernel has ${channels}`);
  return {
    channels,
    width: width!,
    latent: latent!,
    separateStatistics: Object.keys(tensors).some((tensor) => tensor.startsWith('decoder.')),
  };
}

/** @throws {InputError} if a tensor is missing, has another shape, is not finite, or belongs to no network */
export function fromStateDict(
  tensors: TensorFile['tensors'],
  architecture: ArchitectureName,
  { latent: latentSize, ...options }: StateDictOptions,
  file: string,
): ModelWeights {
  const pair = ARCHITECTURES[architecture].build({ ...options, latentSize });
  const found: Record<string, Float32Array> = {};
  const left = new Set(Object.keys(tensors));
  for (const { name, network, tensor: own, shape } of entriesOf(pair)) {
    const tensor = tensors[name];
    if (tensor?.shape.join() !== shape.join()) {
      const actual = tensor ? `got ${showShape(tensor.shape)}` : 'it is missing';
      const expected = `expected ${name} of shape ${showShape(shape)}`;
      throw new InputError(file, `not ${architecture} of width ${options.width}: ${expected} but ${actual}`);
    }
    const { data } = tensor;
    requireUsable(data, `${file}: ${name}`);
    if (found[own]?.some((element, index) => element !== data[index]))
      throw new InputError(file, `${name} differs from that of ${network}`);
    found[own] = data;
    left.delete(name);
  }
  const [extra] = left;
  if (extra !== undefined) throw new InputError(file, `not ${architecture}: ${extra} belongs to no network`);
  return mapWeights((network, part) => flattenTensors(found, pair[network][part]));
}

function requireUsable(data: Float32Array, name: string) {
  const least = name.endsWith('.running_var') ? 0 : -Infinity;
  const index = data.findIndex((element) => !Number.isFinite(element) || element < least);
  if (index >= 0) throw new InputError(name, `element ${index} is ${data[index]}, which no network can have`);
}
