/** Checkpoints as safetensors files. A SHA-256 over every byte detects damage anywhere: in tensors, header or padding. */
import type { AverageName } from '../age/iteration.js';
import type { StateName } from '../age/update.js';
import { NETWORK_NAMES, type NetworkPair } from '../networks/network.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  flattenTensors,
  tensorViews,
  type FlatLayout,
  type Shape,
  type TensorFile,
} from '../engine/index.js';
import { InputError } from '../errors.js';
import { shown } from '../validation.js';
import { checkConfiguration, type Configuration, iterationSpec } from './configuration.js';
import type { TrainerState } from './trainer.js';

/** The state of a training run after an iteration. Random numbers need no state: they are functions of the seed and the iteration. */
export interface Checkpoint extends TrainerState {
  readonly configuration: Configuration;
}

/** A function that returns the SHA-256 of consecutive pieces in lower-case hexadecimal; each platform brings its own. */
export type Digest = (...pieces: readonly Uint8Array[]) => string;

/** Of config.json and checkpoints. Files of any other version are rejected. */
const FORMAT_VERSION = 3;

const FORMAT = /^agenet checkpoint (\d+)$/;

/** A flat vector, and the prefix of its tensors in the file. */
interface Section {
  readonly vector: StateName | AverageName;
  readonly layout: FlatLayout;
  readonly prefix: string;
}

const sectionsOf = (pair: NetworkPair, hasEma: boolean): Section[] =>
  NETWORK_NAMES.flatMap((network): Section[] => {
    const { parameters, statistics } = pair[network];
    return [
      { vector: `${network}.parameters`, layout: parameters, prefix: '' },
      { vector: `${network}.statistics`, layout: statistics, prefix: '' },
      { vector: `${network}.adam_m`, layout: parameters, prefix: 'adam_m/' },
      { vector: `${network}.adam_v`, layout: parameters, prefix: 'adam_v/' },
      ...(hasEma
        ? [
            { vector: `${network}.ema_parameters` as const, layout: parameters, prefix: 'ema/' },
            { vector: `${network}.ema_statistics` as const, layout: statistics, prefix: 'ema/' },
          ]
        : []),
    ];
  });

/** Encodes a checkpoint as a safetensors file with tensors such as `encoder.conv1.weight`, `adam_m/encoder.conv1.weight` and `ema/...`. */
export function encodeCheckpoint({ configuration, step, rateScale, vectors }: Checkpoint, digest: Digest): Uint8Array {
  const { pair, hasEma = false } = iterationSpec(configuration);
  const tensors: Record<string, { shape: Shape; data: Float32Array }> = {};
  for (const { vector, layout, prefix } of sectionsOf(pair, hasEma)) {
    const views = tensorViews(vectors[vector]!, layout);
    for (const [name, { shape }] of layout.entries) tensors[prefix + name] = { shape, data: views[name]! };
  }
  const metadata = {
    format: `agenet checkpoint ${FORMAT_VERSION}`,
    step: String(step),
    rate_scale: String(rateScale),
    configuration: JSON.stringify(configuration),
  };
  return encodeSealed({ tensors, metadata }, digest);
}

/**
 * Decodes a checkpoint.
 * @param file the name of the file in messages
 * @throws {InputError} if a byte differs from what was written, the file is not a checkpoint of this version, or a tensor is missing
 */
export async function decodeCheckpoint(bytes: Uint8Array, file: string, digest: Digest): Promise<Checkpoint> {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  // Checked first, so that other files are not reported as corrupt checkpoints.
  const version = FORMAT.exec(metadata.format ?? '')?.[1];
  if (version === undefined)
    throw new InputError(file, `not an agenet checkpoint (its format is ${shown(metadata.format ?? null)})`);
  requireVersion(Number(version), file);
  if (!isSealIntact(bytes, metadata, digest))
    throw new InputError(
      file,
      `corrupt checkpoint: ${metadata.sha256 === undefined ? 'it has no checksum' : 'checksum mismatch'}`,
    );
  const { step, rateScale } = readCounters(metadata, file);
  const configuration = await requireConfiguration(parseJson(metadata.configuration ?? '', file), file);
  const { pair, hasEma = false } = iterationSpec(configuration);
  const vectors = Object.fromEntries(
    sectionsOf(pair, hasEma).map((section) => [section.vector, readSection(section, tensors, file)]),
  );
  return { configuration, step, rateScale, vectors: vectors as TrainerState['vectors'] };
}

/** @throws {InputError} unless a file has the version of this build */
export function requireVersion(version: unknown, file: string): void {
  if (version === FORMAT_VERSION) return;
  const writer = Number(version) > FORMAT_VERSION ? 'a later' : 'an earlier';
  const remedy = writer === 'a later' ? 'update agenet' : 'train it again';
  throw new InputError(
    file,
    `was written by ${writer} version of agenet (format ${shown(version)}, this one reads ${FORMAT_VERSION})`,
    remedy,
  );
}

function readCounters(
  metadata: Readonly<Record<string, string>>,
  file: string,
): { readonly step: number; readonly rateScale: number } {
  const step = Number(metadata.step);
  if (!Number.isSafeInteger(step) || step < 0)
    throw new InputError(file, `invalid checkpoint: expected a number of iterations but got ${shown(metadata.step)}`);
  const rateScale = Number(metadata.rate_scale ?? 1);
  if (!(rateScale > 0 && rateScale <= 1))
    throw new InputError(file, `invalid checkpoint: expected a learning rate scale in (0, 1] but got ${rateScale}`);
  return { step, rateScale };
}

function readSection({ layout, prefix }: Section, tensors: TensorFile['tensors'], file: string): Float32Array {
  const parts: Record<string, Float32Array> = {};
  for (const [name, { shape }] of layout.entries) {
    const tensor = tensors[prefix + name];
    if (tensor?.shape.join() !== shape.join()) {
      const found = tensor ? `got [${tensor.shape.join(', ')}]` : 'it is missing';
      throw new InputError(
        file,
        `invalid checkpoint: expected ${prefix + name} of shape [${shape.join(', ')}] but ${found}`,
      );
    }
    parts[name] = tensor.data;
  }
  return flattenTensors(parts, layout);
}

export const encodeConfiguration = (configuration: Configuration): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify({ version: FORMAT_VERSION, ...configuration }, null, 2)}\n`);

/**
 * Decodes config.json.
 * @throws {InputError} if it is not a configuration of this version
 */
export async function decodeConfiguration(text: string, file: string): Promise<Configuration> {
  const parsed = parseJson(text, file);
  if (typeof parsed !== 'object' || parsed === null)
    throw new InputError(file, `expected a configuration but got ${shown(parsed)}`);
  // Builds before version 3 wrote none.
  const { version = 2, ...configuration } = parsed as Readonly<Record<string, unknown>>;
  requireVersion(version, file);
  return requireConfiguration(configuration, file);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(file, 'its configuration is not JSON');
  }
}

async function requireConfiguration(configuration: unknown, file: string): Promise<Configuration> {
  try {
    return await checkConfiguration(configuration);
  } catch (error) {
    throw error instanceof InputError ? new InputError(file, error.message) : error;
  }
}

/** Stands for the digest while the digest is computed. */
const BLANK = '0'.repeat(64);
const DIGEST = /^[0-9a-f]{64}$/;

/** Encodes a safetensors file. Its metadata entry `sha256` is the digest of the file with that entry blank. */
export function encodeSealed({ tensors, metadata }: TensorFile, digest: Digest): Uint8Array {
  // The first entry, so that it is found near the start of the file.
  const file = encodeSafetensors({ tensors, metadata: { sha256: BLANK, ...metadata } });
  file.set(ascii(digest(file)), findEntry(file, BLANK));
  return file;
}

/** Whether a sealed file has not changed. */
export function isSealIntact(bytes: Uint8Array, { sha256 = '' }: TensorFile['metadata'], digest: Digest): boolean {
  const start = DIGEST.test(sha256) ? findEntry(bytes, sha256) : -1;
  return start >= 0 && digest(bytes.subarray(0, start), ascii(BLANK), bytes.subarray(start + BLANK.length)) === sha256;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The offset of the value of the first `sha256` entry in the header, or -1. */
function findEntry(bytes: Uint8Array, value: string): number {
  const entry = `"sha256":"${value}"`;
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 1024)).indexOf(entry);
  return start < 0 ? -1 : start + entry.indexOf(value);
}
