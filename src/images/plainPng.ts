import { decode } from 'fast-png';
import type { DecodeOptions } from './decoding.js';
import { pngChunkTypes } from './pngChunks.js';

/** Images up to so many rows and columns: of larger ones the decoder itself takes longest, and may use another core. */
const LARGEST = 128;
/** Chunks without a bearing on the pixels. */
const HARMLESS = ['IHDR', 'IDAT', 'IEND', 'pHYs', 'tIME', 'sRGB', 'bKGD'];
/** Colour types of PNG, and the channels that each has. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3 };

type PlainFormat = Pick<DecodeOptions, 'size' | 'channels'>;

/**
 * Pixels [size, size, channels] of a PNG file that already is as it is wanted: of this size, 8 bits of grey or RGB, not interlaced, and
 * with nothing that would change colours. Most prepared data sets are of such files, and to decode one on the spot takes a third of the
 * time that a call of the general decoder does. Undefined for all others, and for files that are damaged.
 */
export function decodePlainPng(bytes: Uint8Array, options: PlainFormat): { readonly pixels: Uint8Array; readonly channels: number } | undefined {
  const channels = plainChannels(bytes, options);
  if (channels === undefined) return undefined;
  try {
    const { data } = decode(bytes, { checkCrc: true });
    return data instanceof Uint8Array && data.length === options.size ** 2 * channels ? { pixels: data, channels } : undefined;
  } catch {
    return undefined;
  }
}

/** The channels of a PNG file by its outline, if it is one that can be taken as it is. */
function plainChannels(bytes: Uint8Array, { size, channels: wanted }: PlainFormat): number | undefined {
  if (size > LARGEST || !isSimple(bytes, size)) return undefined;
  const channels = CHANNELS[bytes[25]!];
  // Grey becomes RGB by repetition; RGB becomes grey by weights that the general decoder knows.
  if (channels === undefined || channels > wanted) return undefined;
  // No sound file is much larger than its pixels; of others nobody knows how much they unpack to.
  if (bytes.length > 2 * channels * size ** 2 + 1024) return undefined;
  const types = pngChunkTypes(bytes);
  return types.at(-1) === 'IEND' && types.every((type) => HARMLESS.includes(type)) ? channels : undefined;
}

/** Whether a header says PNG, this size, 8 bits and no interlacing; its fields are width, height, bits, colour type, compression, filter, interlacing. */
function isSimple(bytes: Uint8Array, size: number): boolean {
  if (bytes.length < 33 || bytes[0] !== 0x89 || bytes[1] !== 0x50) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.getUint32(16) === size && view.getUint32(20) === size && bytes[24] === 8 && bytes[28] === 0;
}
