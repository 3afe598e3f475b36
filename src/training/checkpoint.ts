import type { StateName } from '../age/index.js';
import { decodeSafetensors, encodeSafetensors, packData, packedViews, type Packing, type Shape } from '../engine/index.js';
import { InputError } from '../errors.js';
import { NETWORK_NAMES, type NetworkPair } from '../networks/index.js';
import { checkConfiguration, type Configuration, iterationSpec } from './configuration.js';
import type { TrainingVectors } from './trainer.js';

/**
 * Everything that training goes on from: weights, running statistics, both Adam states, the configuration, and the iterations done,
 * which stand for the random state as well, since every draw is a function of the seed and the iteration's number.
 */
export interface Checkpoint {
  readonly configuration: Configuration;
  readonly step: number;
  readonly vectors: TrainingVectors;
}

const FORMAT = 'agenet checkpoint 1';

/** A packed vector of a network, and what stands before the names of its tensors in the file. */
interface Section {
  readonly vector: StateName;
  readonly packing: Packing;
  readonly prefix: string;
}

const sectionsOf = (pair: NetworkPair): Section[] =>
  NETWORK_NAMES.flatMap((network) => [
    { vector: `${network}.parameters` as const, packing: pair[network].parameters, prefix: '' },
    { vector: `${network}.statistics` as const, packing: pair[network].statistics, prefix: '' },
    { vector: `${network}.adam_m` as const, packing: pair[network].parameters, prefix: 'adam_m/' },
    { vector: `${network}.adam_v` as const, packing: pair[network].parameters, prefix: 'adam_v/' },
  ]);

/** A checkpoint as the bytes of a safetensors file: `encoder.conv1.weight`, `adam_m/encoder.conv1.weight` and so on. */
export function encodeCheckpoint({ configuration, step, vectors }: Checkpoint): Uint8Array {
  const { pair } = iterationSpec(configuration);
  const tensors: Record<string, { shape: Shape; data: Float32Array }> = {};
  for (const { vector, packing, prefix } of sectionsOf(pair)) {
    const views = packedViews(vectors[vector], packing);
    for (const [name, { shape }] of packing.entries) tensors[prefix + name] = { shape, data: views[name]! };
  }
  return encodeSafetensors({ tensors, metadata: { format: FORMAT, step: String(step), configuration: JSON.stringify(configuration) } });
}

/** Reads a checkpoint. Throws InputError if the bytes are cut short, are no checkpoint, or lack a tensor of their networks. */
export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  if (metadata.format !== FORMAT)
    throw new InputError(`${file}: not a checkpoint of this program (its format is ${JSON.stringify(metadata.format ?? null)}, expected "${FORMAT}")`);
  const step = Number(metadata.step);
  if (!Number.isSafeInteger(step) || step < 0) throw new InputError(`${file}: a checkpoint without a valid number of iterations`);
  const configuration = readConfiguration(metadata.configuration ?? '', file);

  const { pair } = iterationSpec(configuration);
  const vectors: Record<string, Float32Array> = {};
  for (const { vector, packing, prefix } of sectionsOf(pair)) {
    const parts: Record<string, Float32Array> = {};
    for (const [name, { shape }] of packing.entries) {
      const tensor = tensors[prefix + name];
      if (tensor?.shape.join() !== shape.join()) {
        throw new InputError(
          `${file}: a checkpoint in which ${prefix + name} should be [${shape.join(', ')}], ${tensor ? `not [${tensor.shape.join(', ')}]` : 'but is missing'}`,
        );
      }
      parts[name] = tensor.data;
    }
    vectors[vector] = packData(parts, packing);
  }
  return { configuration, step, vectors: vectors as TrainingVectors };
}

/** Parses a configuration as `config.json` and checkpoints hold it. Throws InputError that names the file. */
export function readConfiguration(text: string, file: string): Configuration {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InputError(`${file}: its configuration is not JSON`);
  }
  try {
    return checkConfiguration(parsed);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${file}: ${error.message}`) : error;
  }
}
