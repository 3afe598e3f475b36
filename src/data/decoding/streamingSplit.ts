import { InputError } from '../../errors.js';
import { randomStream } from '../../random.js';
import type { ImageItem } from './imageItem.js';
import type { Split } from '../source.js';

/** Images of which some may not be decoded yet; places are those in their list. */
export interface PendingImages {
  /** Waits until these are decoded or left out. Rejects where decoding cannot go on. */
  readonly ensureDecoded: (indices: Iterable<number>) => Promise<void>;
  /** Whether an image that was waited for has no pixels. */
  readonly isSkipped: (index: number) => boolean;
  /** Copies the bytes [C, size, size] of an image that was waited for. Throws InputError if they are no longer there. */
  readonly copyImage: (index: number, target: Uint8Array, offset: number) => void;
}

/**
 * Some of a list of images as a split to train on before all are decoded. Nobody knows yet which of them cannot be decoded, so that they count
 * like the others, and another image has the turn of each: the first that can be decoded from a place in the split that is drawn by its
 * name. So every turn is known by the list alone, whatever is decoded first, and is the same when all of it was decoded before.
 * @param part places in the list
 * @param name what messages call the data
 */
export function streamingSplit(images: PendingImages, items: readonly ImageItem[], part: Uint32Array, name: string): Split {
  /** Places in the split that have the turn of others. */
  const substitutes = new Map<number, number>();
  const placeOf = (index: number): number => part[substitutes.get(index) ?? index]!;
  const substituteOf = async (index: number): Promise<number> => {
    const first = randomStream(0, `substitute of ${items[part[index]!]!.name}`).below(part.length);
    for (let step = 0; step < part.length; step++) {
      const candidate = (first + step) % part.length;
      await images.ensureDecoded([part[candidate]!]);
      if (!images.isSkipped(part[candidate]!)) return candidate;
    }
    throw new InputError(`${name}: none of the ${part.length} images of a part can be decoded`);
  };
  const own = Array.from(part, (index) => items[index]!);
  return {
    count: part.length,
    labels: own.every(({ label }) => label !== null) ? Uint8Array.from(own, ({ label }) => label!) : null,
    nameOf: (index) => own[index]!.name,
    copyImage: (index, target, offset) => images.copyImage(placeOf(index), target, offset),
    prepare: async (indices) => {
      const wanted = Array.from(indices);
      await images.ensureDecoded(wanted.map(placeOf));
      for (const index of wanted) if (images.isSkipped(placeOf(index))) substitutes.set(index, await substituteOf(index));
    },
  };
}
