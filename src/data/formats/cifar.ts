import { InputError } from '../../errors.js';
import type { LabeledImages } from './arrays.js';

/** Source: https://www.cs.toronto.edu/~kriz/cifar.html, the binary version. */
export type CifarKind = 'cifar10' | 'cifar100';

/** The number of classes of each label byte before an image. The last one labels the image. */
const CLASSES = { cifar10: [10], cifar100: [20, 100] };
const TITLES = { cifar10: 'CIFAR-10', cifar100: 'CIFAR-100' };

const SIDE = 32;
const CHANNELS = 3;
const IMAGE_BYTES = CHANNELS * SIDE * SIDE;

/**
 * Reads one file of CIFAR's binary version. Images of CIFAR-100 get their fine label.
 * @throws {InputError} if the bytes are no such file
 */
export function decodeCifar(bytes: Uint8Array, kind: CifarKind, name: string): LabeledImages {
  const classes = CLASSES[kind];
  const refusal = (problem: string) =>
    new InputError(name, problem, `pass the .bin files of ${TITLES[kind]}'s binary version`);
  const recordBytes = classes.length + IMAGE_BYTES;
  const count = Math.floor(bytes.length / recordBytes);
  if (bytes.length === 0 || count * recordBytes !== bytes.length)
    throw refusal(`expected records of ${recordBytes} bytes but got ${bytes.length} bytes`);
  const [pixels, labels] = [new Uint8Array(count * IMAGE_BYTES), new Uint8Array(count)];
  for (let index = 0; index < count; index++) {
    const record = bytes.subarray(index * recordBytes, (index + 1) * recordBytes);
    for (const [position, limit] of classes.entries()) {
      const label = record[position]!;
      if (label >= limit) throw refusal(`image ${index}: expected a label below ${limit} but got ${label}`);
      labels[index] = label;
    }
    pixels.set(record.subarray(classes.length), index * IMAGE_BYTES);
  }
  return { count, channels: CHANNELS, height: SIDE, width: SIDE, pixels, labels };
}
