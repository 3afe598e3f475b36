import type { AverageName } from '../age/iteration.js';
import type { StateName } from '../age/update.js';
import { NETWORK_NAMES, type NetworkPair } from '../networks/network.js';
import { decodeSafetensors, flattenTensors, tensorViews, type FlatLayout, type Shape, type TensorFile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { checkConfiguration, type Configuration, iterationSpec } from './configuration.js';
import { type Digest, encodeSealed, requireSeal } from './seal.js';
import type { TrainerState } from './trainer.js';

/**
 * Everything that training goes on from: weights, running statistics, their averages, both Adam states, the configuration, and the
 * iterations done, which stand for the random state as well, since every draw is a function of the seed and the iteration's number.
 */
export interface Checkpoint extends TrainerState {
  readonly configuration: Configuration;
}

const FORMAT = 'agenet checkpoint 2';
/** Without a checksum of the whole file. */
const EARLIER_FORMAT = 'agenet checkpoint 1';

/** A packed vector of a network, and what stands before the names of its tensors in the file. */
interface Section {
  readonly vector: StateName | AverageName;
  readonly packing: FlatLayout;
  readonly prefix: string;
}

const sectionsOf = (pair: NetworkPair, averaged: boolean): Section[] =>
  NETWORK_NAMES.flatMap((network): Section[] => [
    { vector: `${network}.parameters`, packing: pair[network].parameters, prefix: '' },
    { vector: `${network}.statistics`, packing: pair[network].statistics, prefix: '' },
    { vector: `${network}.adam_m`, packing: pair[network].parameters, prefix: 'adam_m/' },
    { vector: `${network}.adam_v`, packing: pair[network].parameters, prefix: 'adam_v/' },
    ...(averaged
      ? [
          { vector: `${network}.ema_parameters` as const, packing: pair[network].parameters, prefix: 'ema/' },
          { vector: `${network}.ema_statistics` as const, packing: pair[network].statistics, prefix: 'ema/' },
        ]
      : []),
  ]);

/**
 * A checkpoint as the bytes of a safetensors file: `encoder.conv1.weight`, `adam_m/encoder.conv1.weight`, with averages
 * `ema/encoder.conv1.weight`, and so on, with a digest over the whole file.
 */
export function encodeCheckpoint({ configuration, step, rateScale, vectors }: Checkpoint, digest: Digest): Uint8Array {
  const { pair, hasEma = false } = iterationSpec(configuration);
  const tensors: Record<string, { shape: Shape; data: Float32Array }> = {};
  for (const { vector, packing, prefix } of sectionsOf(pair, hasEma)) {
    const data = vectors[vector]!;
    const views = tensorViews(data, packing);
    for (const [name, { shape }] of packing.entries) tensors[prefix + name] = { shape, data: views[name]! };
  }
  const metadata = {
    format: FORMAT,
    step: String(step),
    rate_scale: String(rateScale),
    configuration: JSON.stringify(configuration),
  };
  return encodeSealed({ tensors, metadata }, digest);
}

/**
 * Reads a checkpoint.
 * @param file what messages call it
 * @throws {InputError} if a byte differs from what was written, or the file is no checkpoint or lacks a tensor of its networks
 */
export function decodeCheckpoint(bytes: Uint8Array, file: string, digest: Digest): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  requireFormat(metadata, file);
  requireSeal(bytes, metadata, file, digest);
  const { step, rateScale } = readCounters(metadata, file);
  const configuration = readConfiguration(metadata.configuration ?? '', file);
  const { pair, hasEma = false } = iterationSpec(configuration);
  const vectors = Object.fromEntries(sectionsOf(pair, hasEma).map((section) => [section.vector, packSection(section, tensors, file)]));
  return { configuration, step, rateScale, vectors: vectors as TrainerState['vectors'] };
}

/** Other files are named as what they are, rather than as damaged checkpoints. */
function requireFormat({ format }: TensorFile['metadata'], file: string): void {
  if (format === EARLIER_FORMAT) throw new InputError(`${file}: written by an earlier version of agenet; start a new run`);
  if (format !== FORMAT) throw new InputError(`${file}: not an agenet checkpoint (its format is ${JSON.stringify(format ?? null)}, expected "${FORMAT}")`);
}

function readCounters(metadata: Readonly<Record<string, string>>, file: string): { readonly step: number; readonly rateScale: number } {
  const step = Number(metadata.step);
  if (!Number.isSafeInteger(step) || step < 0) throw new InputError(`${file}: a checkpoint without a valid number of iterations`);
  const rateScale = Number(metadata.rate_scale ?? 1);
  if (!(rateScale > 0 && rateScale <= 1)) throw new InputError(`${file}: a checkpoint whose scale of the learning rate is not in (0, 1]`);
  return { step, rateScale };
}

/** A section's vector, of the tensors of a file. */
function packSection({ packing, prefix }: Section, tensors: TensorFile['tensors'], file: string): Float32Array {
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
  return flattenTensors(parts, packing);
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
