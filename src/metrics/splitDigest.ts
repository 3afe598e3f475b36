import { gatherImages, type Split } from '../data/source.js';
import type { ComparableImages } from '../images/raster.js';

/** Images whose bytes are hashed, evenly spaced over the split: enough to tell data sets apart, and few enough to be fast. */
const HASHED_IMAGES = 1000;

/**
 * Returns a digest of the images of a split: SHA-256 in hexadecimal of their shape, their number, and the bytes of up to 1,000 of them. It is
 * the same wherever the data are stored and whatever they are called.
 */
export async function splitDigest(split: Split, shape: ComparableImages['shape']): Promise<string> {
  const imageBytes = shape.reduce((product, size) => product * size, 1);
  const hashed = Math.min(HASHED_IMAGES, split.count);
  const indices = Array.from({ length: hashed }, (_, index) => Math.floor((index * split.count) / hashed));
  const header = new TextEncoder().encode(JSON.stringify({ shape, count: split.count }));
  const bytes = new Uint8Array(header.length + hashed * imageBytes);
  bytes.set(header);
  gatherImages(split, indices, imageBytes, bytes.subarray(header.length));
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
