import { InputError } from '../../errors.js';

const PARTS = ['train', 'validation', 'test'] as const;
export type CelebaPart = (typeof PARTS)[number];

/**
 * Reads CelebA's `list_eval_partition.txt`: a line an image, with its file's name and 0 to train on, 1 to validate on, 2 to test on.
 * `name` is what errors call it. Throws InputError for a line of another form, with its number.
 */
export function parseCelebaPartition(text: string, name: string): ReadonlyMap<string, CelebaPart> {
  const parts = new Map<string, CelebaPart>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, file, number] = /^(\S+)\s+([012])\s*$/.exec(line) ?? [];
    if (file === undefined) throw new InputError(`${name}: line ${index + 1} should be a file name and 0, 1 or 2, it is "${line.slice(0, 40)}"`);
    parts.set(file, PARTS[Number(number)]!);
  }
  if (parts.size === 0) throw new InputError(`${name}: the list of CelebA's parts is empty`);
  return parts;
}
