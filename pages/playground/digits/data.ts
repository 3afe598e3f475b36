import { loadAsset } from '../assets.js';
import { DIGIT_PADDING, padImage } from '../../../src/images/preprocessing.js';

export const TRAINING_DIGITS = 5000;
const INNER = DIGIT_PADDING.inner ** 2;
export const DIGIT_SIZE = 32;
const PIXELS = DIGIT_SIZE ** 2;

/** Digits as bytes [N, 1, 32, 32]. */
export interface Digits {
  training: Uint8Array;
  /** 200 other digits. */
  test: Uint8Array;
}

/** Loads the digits of this site. */
export async function loadDigits(): Promise<Digits> {
  const response = await loadAsset('digits.gz');
  // Some hosts decompress a file of this name.
  const sent = new Uint8Array(await response.arrayBuffer());
  const isCompressed = sent[0] === 0x1f && sent[1] === 0x8b;
  const bytes = isCompressed
    ? new Uint8Array(
        await new Response(new Blob([sent]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer(),
      )
    : sent;
  const count = bytes.length / INNER;
  const images = new Uint8Array(count * PIXELS);
  for (let index = 0; index < count; index++) {
    padImage(
      bytes.subarray(index * INNER, (index + 1) * INNER),
      DIGIT_PADDING,
      { size: DIGIT_SIZE, channels: 1 },
      images.subarray(index * PIXELS, (index + 1) * PIXELS),
    );
  }
  return { training: images.slice(0, TRAINING_DIGITS * PIXELS), test: images.slice(TRAINING_DIGITS * PIXELS) };
}
