import { InputError } from '../../errors.js';
import type { LabeledImages } from './labeledImages.js';

/** CIFAR's two collections, as https://www.cs.toronto.edu/~kriz/cifar.html describes their binary versions. */
export type CifarKind = 'cifar10' | 'cifar100';

interface Records {
  readonly title: string;
  /** How many classes each label byte before an image distinguishes; the last byte is the label that images get. */
  readonly classes: readonly number[];
}

const RECORDS: Readonly<Record<CifarKind, Records>> = {
  cifar10: { title: 'CIFAR-10', classes: [10] },
  // 20 superclasses, 100 classes.
  cifar100: { title: 'CIFAR-100', classes: [20, 100] },
};

const SIDE = 32;
const CHANNELS = 3;
const IMAGE_BYTES = CHANNELS * SIDE * SIDE;

/**
 * Reads one file of CIFAR's binary version (`data_batch_1.bin`, `test_batch.bin`; `train.bin`, `test.bin`): records of the label bytes
 * and a picture of 32x32, its red, green and blue plane after one another. CIFAR-100's images get their fine label. Throws InputError,
 * which begins with `name`, if the bytes are no such file or are cut inside a record.
 */
export function decodeCifar(bytes: Uint8Array, kind: CifarKind, name: string): LabeledImages {
  const { title, classes } = RECORDS[kind];
  const recordBytes = classes.length + IMAGE_BYTES;
  const count = Math.floor(bytes.length / recordBytes);
  if (bytes.length === 0 || count * recordBytes !== bytes.length)
    throw new InputError(
      `${name}: ${bytes.length} bytes are no whole number of ${title}'s records, ${recordBytes} bytes each; it should be a .bin file of the binary version`,
    );
  const [pixels, labels] = [new Uint8Array(count * IMAGE_BYTES), new Uint8Array(count)];
  for (let index = 0; index < count; index++) {
    const record = bytes.subarray(index * recordBytes, (index + 1) * recordBytes);
    for (const [place, known] of classes.entries()) {
      if (record[place]! >= known)
        throw new InputError(
          `${name}: image ${index} has the label ${record[place]!}, ${title}'s are below ${known}; it should be a .bin file of the binary version`,
        );
    }
    labels[index] = record[classes.length - 1]!;
    pixels.set(record.subarray(classes.length), index * IMAGE_BYTES);
  }
  return { count, channels: CHANNELS, height: SIDE, width: SIDE, pixels, labels };
}
