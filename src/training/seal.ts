/** Safetensors files with a digest over every byte, so that damage anywhere is noticed: in the tensors, the header, and the padding. */
import { encodeSafetensors, type TensorFile } from '../engine/index.js';
import { InputError } from '../errors.js';

/** The SHA-256 in lower-case hexadecimal of bytes that are given in pieces, as a platform computes it. */
export type Digest = (...pieces: readonly Uint8Array[]) => string;

/** Stands for the digest while the digest is computed. */
const BLANK = '0'.repeat(64);
const DIGEST = /^[0-9a-f]{64}$/;

/** The bytes of a safetensors file whose metadata entry `sha256` is the digest of the file with that entry blank. */
export function encodeSealed({ tensors, metadata }: TensorFile, digest: Digest): Uint8Array {
  // First of all entries, where it is found again.
  const file = encodeSafetensors({ tensors, metadata: { sha256: BLANK, ...metadata } });
  file.set(ascii(digest(file)), findEntry(file, BLANK));
  return file;
}

/**
 * Requires that every byte of a file is what `encodeSealed` wrote.
 * @param metadata of the file
 * @param name what messages call the file
 * @throws {InputError} if a byte differs, or the file has no digest
 */
export function requireSeal(bytes: Uint8Array, { sha256 = '' }: TensorFile['metadata'], name: string, digest: Digest): void {
  const start = DIGEST.test(sha256) ? findEntry(bytes, sha256) : -1;
  const isWhole = start >= 0 && digest(bytes.subarray(0, start), ascii(BLANK), bytes.subarray(start + BLANK.length)) === sha256;
  if (!isWhole) throw new InputError(`${name}: corrupt file: ${sha256 === '' ? 'it has no checksum' : 'checksum mismatch'}`);
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Where the value of the first `sha256` entry begins; -1 if it is not there. Looked for in the header's first bytes, where writers put it. */
function findEntry(bytes: Uint8Array, value: string): number {
  const entry = `"sha256":"${value}"`;
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 1024)).indexOf(entry);
  return start < 0 ? -1 : start + entry.indexOf(value);
}
