/** A SHA-256 over every byte of a checkpoint detects damage anywhere. */
import { stateLayout } from '../age/iteration.js';
import { type CodeDensity, densityShapes } from '../density/codeDensity.js';
import { NETWORK_NAMES } from '../networks/network.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  flattenTensors,
  type Shape,
  showShape,
  sizeOf,
  type TensorFile,
  tensorViews,
} from '../engine/index.js';
import { InputError } from '../errors.js';
import { shown } from '../validation.js';
import { checkConfiguration, type Configuration, iterationSpec } from './configuration.js';
import type { TrainerState } from './trainer.js';

/** Random numbers need no state: they are functions of the seed and the iteration. */
export interface Checkpoint extends TrainerState {
  configuration: Configuration;
  /** Of codes of training images, from which samples are drawn (default: from the prior). */
  density?: CodeDensity | undefined;
}

/** Returns the SHA-256 of consecutive pieces in lower-case hexadecimal. */
export type Digest = (...pieces: readonly Uint8Array[]) => string;

/** Of config.json and checkpoints. Files of any other version are rejected. */
const FORMAT_VERSION = 3;

const FORMAT = /^agenet checkpoint (\d+)$/;

/** Of tensor names in the file. */
const PREFIXES = {
  parameters: '',
  statistics: '',
  adam_m: 'adam_m/',
  adam_v: 'adam_v/',
  ema_parameters: 'ema/',
  ema_statistics: 'ema/',
} as const;

function sectionsOf(configuration: Configuration) {
  const { pair, hasEma } = iterationSpec(configuration);
  const parts = (Object.keys(PREFIXES) as (keyof typeof PREFIXES)[]).filter((part) =>
    part.startsWith('ema') ? hasEma : true,
  );
  return NETWORK_NAMES.flatMap((network) =>
    parts.map((part) => {
      const vector = `${network}.${part}` as const;
      return { vector, layout: stateLayout(pair, vector), prefix: PREFIXES[part] };
    }),
  );
}

type Section = ReturnType<typeof sectionsOf>[number];

/** Encodes a safetensors file with tensors such as `encoder.conv1.weight`, `adam_m/...` and `ema/...`. */
export function encodeCheckpoint(
  { configuration, step, rateScale, vectors, density }: Checkpoint,
  digest: Digest,
): Uint8Array {
  const tensors: Record<string, { shape: Shape; data: Float32Array }> = {};
  for (const { vector, layout, prefix } of sectionsOf(configuration)) {
    const views = tensorViews(vectors[vector]!, layout);
    for (const [name, { shape }] of layout.entries) tensors[prefix + name] = { shape, data: views[name]! };
  }
  if (density)
    for (const [name, shape] of shapesOfDensity(configuration, density.means.length, density.codes.length))
      tensors[DENSITY + name] = { shape, data: density[name as keyof CodeDensity] };
  const metadata = {
    format: `agenet checkpoint ${FORMAT_VERSION}`,
    step: String(step),
    rate_scale: String(rateScale),
    configuration: JSON.stringify(configuration),
  };
  return encodeSealed({ tensors, metadata }, digest);
}

/**
 * @param file its name in messages
 * @throws {InputError} if a byte has changed, a tensor is missing, or it is no checkpoint of this version
 */
export async function decodeCheckpoint(bytes: Uint8Array, file: string, digest: Digest): Promise<Checkpoint> {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  // Checked first, so that other files are not reported as corrupt.
  const version = FORMAT.exec(metadata.format ?? '')?.[1];
  if (version === undefined)
    throw new InputError(file, `not an agenet checkpoint (its format is ${shown(metadata.format ?? null)})`);
  requireVersion(Number(version), file);
  if (!isSealIntact(bytes, metadata, digest)) {
    const problem = metadata.sha256 === undefined ? 'it has no checksum' : 'checksum mismatch';
    throw new InputError(file, `corrupt checkpoint: ${problem}`);
  }
  const { step, rateScale } = readCounters(metadata, file);
  const configuration = await requireConfiguration(parseJson(metadata.configuration ?? '', file), file);
  const vectors = Object.fromEntries(
    sectionsOf(configuration).map((section) => [section.vector, readSection(section, tensors, file)]),
  );
  const density = readDensity(configuration, tensors, file);
  return { configuration, step, rateScale, vectors: vectors as TrainerState['vectors'], ...(density && { density }) };
}

const DENSITY = 'density/';

/** Files need not have tensors without elements: without a condition, or of earlier builds, which kept no codes. */
const NO_ELEMENTS = {
  slopes: new Float32Array(0),
  logLikelihoods: new Float32Array(0),
  predictor: new Float32Array(0),
  centers: new Float32Array(0),
  counts: new Float32Array(0),
  codes: new Float32Array(0),
  neighbors: new Float32Array(0),
};

/** @param means numbers of all of them, and of all codes */
function shapesOfDensity(configuration: Configuration, means: number, codes: number) {
  const { latent } = configuration;
  const { condition } = iterationSpec(configuration).pair.encoder;
  const gaussians = Math.max(1, Math.floor(means / latent));
  return Object.entries(densityShapes(gaussians, Math.floor(codes / latent), latent, condition));
}

function readDensity(configuration: Configuration, tensors: TensorFile['tensors'], file: string) {
  const sizeOfTensor = (name: keyof CodeDensity) => tensors[DENSITY + name]?.data.length ?? 0;
  const [means, shares] = [sizeOfTensor('means'), sizeOfTensor('logShares')];
  if (shares === 0) return undefined;
  const codes = sizeOfTensor('codes');
  // Earlier builds chose Gaussians, not codes.
  const used = codes === shares * configuration.latent ? codes : 0;
  const shapes = shapesOfDensity(configuration, means, used).filter(
    // Earlier builds did not recenter codes.
    ([name, shape]) => sizeOf(shape) > 0 && (name !== 'centers' || tensors[`${DENSITY}centers`]),
  );
  // Earlier builds did not predict conditions. Until training saves again, samples are drawn from the prior.
  if (shapes.some(([name]) => name === 'predictor') && tensors[`${DENSITY}predictor`] === undefined) return undefined;
  const read = shapes.map(([name, shape]) => [name, readTensor(DENSITY + name, shape, tensors, file)]);
  return { ...NO_ELEMENTS, ...Object.fromEntries(read) } as CodeDensity;
}

export function requireVersion(version: unknown, file: string): void {
  if (version === FORMAT_VERSION) return;
  const isLater = Number(version) > FORMAT_VERSION;
  const writer = `${isLater ? 'a later' : 'an earlier'} version of agenet`;
  throw new InputError(
    file,
    `was written by ${writer} (format ${shown(version)}, this one reads ${FORMAT_VERSION})`,
    isLater ? 'update agenet' : 'train it again',
  );
}

function readCounters(metadata: TensorFile['metadata'], file: string) {
  const step = Number(metadata.step);
  if (!Number.isSafeInteger(step) || step < 0)
    throw new InputError(file, `invalid checkpoint: expected a number of iterations but got ${shown(metadata.step)}`);
  const rateScale = Number(metadata.rate_scale ?? 1);
  if (!(rateScale > 0 && rateScale <= 1))
    throw new InputError(file, `invalid checkpoint: expected a learning rate scale in (0, 1] but got ${rateScale}`);
  return { step, rateScale };
}

function readSection({ layout, prefix }: Section, tensors: TensorFile['tensors'], file: string) {
  const parts: Record<string, Float32Array> = {};
  for (const [name, { shape }] of layout.entries) parts[name] = readTensor(prefix + name, shape, tensors, file);
  return flattenTensors(parts, layout);
}

function readTensor(name: string, shape: Shape, tensors: TensorFile['tensors'], file: string) {
  const tensor = tensors[name];
  if (tensor?.shape.join() === shape.join()) return tensor.data;
  const found = tensor ? `got ${showShape(tensor.shape)}` : 'it is missing';
  throw new InputError(file, `invalid checkpoint: expected ${name} of shape ${showShape(shape)} but ${found}`);
}

export const encodeConfiguration = (configuration: Configuration): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify({ version: FORMAT_VERSION, ...configuration }, null, 2)}\n`);

export async function decodeConfiguration(text: string, file: string): Promise<Configuration> {
  const parsed = parseJson(text, file);
  if (typeof parsed !== 'object' || parsed === null)
    throw new InputError(file, `expected a configuration but got ${shown(parsed)}`);
  // Builds before version 3 wrote none.
  const { version = 2, ...configuration } = parsed as Record<string, unknown>;
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

async function requireConfiguration(configuration: unknown, file: string) {
  try {
    return await checkConfiguration(configuration);
  } catch (error) {
    throw error instanceof InputError ? new InputError(file, error.message) : error;
  }
}

const BLANK = '0'.repeat(64);
const DIGEST = /^[0-9a-f]{64}$/;

/** The metadata entry `sha256` is the digest of the file with that entry blank. */
export function encodeSealed({ tensors, metadata }: TensorFile, digest: Digest): Uint8Array {
  // First, so that it is near the start of the file.
  const file = encodeSafetensors({ tensors, metadata: { sha256: BLANK, ...metadata } });
  file.set(ascii(digest(file)), findEntry(file, BLANK));
  return file;
}

export function isSealIntact(bytes: Uint8Array, { sha256 = '' }: TensorFile['metadata'], digest: Digest): boolean {
  const start = DIGEST.test(sha256) ? findEntry(bytes, sha256) : -1;
  return start >= 0 && digest(bytes.subarray(0, start), ascii(BLANK), bytes.subarray(start + BLANK.length)) === sha256;
}

const ascii = (text: string) => new TextEncoder().encode(text);

/** The offset of the value of `sha256` in the header, or -1. */
function findEntry(bytes: Uint8Array, value: string) {
  const entry = `"sha256":"${value}"`;
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 1024)).indexOf(entry);
  return start < 0 ? -1 : start + entry.indexOf(value);
}
