import { decodeSafetensors } from '../engine/index.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { isSealIntact } from '../training/checkpoint.js';
import { sha256 } from './runFolder.node.js';

/** Undefined if the file is missing, damaged or of another format. */
export async function readSealed(file: string, format: string) {
  const bytes = await readRegularFile(file).catch(() => undefined);
  return bytes && decodeSealed(bytes, format, file);
}

/** Undefined if the file is damaged or of another format. */
export function decodeSealed(bytes: Uint8Array, format: string, name: string) {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes, name);
    return metadata.format === format && isSealIntact(bytes, metadata, sha256) ? { tensors, metadata } : undefined;
  } catch {
    return undefined;
  }
}

export const vectorTensors = (vectors: Record<string, Float32Array>) =>
  Object.fromEntries(Object.entries(vectors).map(([name, data]) => [name, { shape: [data.length], data }]));
