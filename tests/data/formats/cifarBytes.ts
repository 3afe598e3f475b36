import { noise } from './noise.js';

/** The bytes of a CIFAR file: each record its label bytes, then 3072 bytes of picture. */
export const cifarBytes = (records: readonly { labels: readonly number[]; picture: Uint8Array }[]): Uint8Array =>
  Uint8Array.from(records.flatMap(({ labels, picture }) => [...labels, ...picture]));

/** A picture of 3 planes of 32 rows of 32 columns. */
export const cifarPicture = (seed: number): Uint8Array => noise(3072, seed);
