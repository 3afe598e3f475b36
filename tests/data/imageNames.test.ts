import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeUnsupported, folderClasses, partitionByName } from '../../src/data/imageNames.js';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 2, maxLength: 60 });
const fractions = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `class-${index % 7}/image-${index}.jpg`);

const partition = (all: readonly string[], fraction: number, seed: number) =>
  partitionByName(Uint32Array.from(all.keys()), (index) => all[index]!, fraction, seed);
const testNames = (all: readonly string[], fraction: number, seed: number): Set<string> =>
  new Set(Array.from(partition(all, fraction, seed).test, (index) => all[index]!));

describe('the test split by name', () => {
  it('is disjoint from the training split, and neither is empty', () => {
    fc.assert(
      fc.property(names, fractions, fc.nat(), (all, fraction, seed) => {
        const { train, test } = partition(all, fraction, seed);
        expect([...train, ...test].sort((a, b) => a - b)).toEqual([...all.keys()]);
        expect(Math.min(train.length, test.length)).toBeGreaterThan(0);
        expect([...train]).toEqual([...train].sort((a, b) => a - b));
      }),
    );
  });

  it('has about the requested fraction, and depends on the seed', () => {
    const all = numbered(10_000);
    for (const fraction of [0.1, 0.5])
      expect(Math.abs(testNames(all, fraction, 0).size / all.length - fraction)).toBeLessThan(0.02);
    const others = testNames(all, 0.1, 1);
    expect([...testNames(all, 0.1, 0)].filter((name) => others.has(name)).length).toBeLessThan(200);
  });

  it('keeps an image when others come or go, in any order', () => {
    const all = numbered(400);
    const chosen = testNames(all, 0.25, 3);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(all, { minLength: 100 }),
        fc.uniqueArray(fc.string({ minLength: 20 }), { maxLength: 20 }),
        (some, added) => {
          const now = testNames([...added, ...some], 0.25, 3);
          for (const name of some) expect(now.has(name)).toBe(chosen.has(name));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is empty for a single image', () => {
    expect(partition(['only.png'], 0.01, 0)).toEqual({ train: Uint32Array.of(0), test: new Uint32Array(0) });
  });
});

describe('classes by folders', () => {
  it('are the top-level folders in alphabetical order', () => {
    const classes = folderClasses(['dogs/a.png', 'cats/deep/b.png', 'Zebras/c.png']);
    if ('none' in classes) throw new Error(classes.none);
    expect(classes.names).toEqual(['Zebras', 'cats', 'dogs']);
    expect(['dogs/a.png', 'cats/deep/b.png', 'Zebras/c.png'].map(classes.labelOf)).toEqual([2, 1, 0]);
  });

  it('are absent without a reason if there is at most one folder', () => {
    expect(folderClasses(['a/1.png', 'a/b/2.png'])).toEqual({ none: '' });
    expect(folderClasses(['1.png', '2.png'])).toEqual({ none: '' });
  });

  it('are absent with a reason if images are outside, or there are too many folders', () => {
    expect(folderClasses(['a/1.png', 'b/2.png', '3.png'])).toEqual({
      none: 'no labels: 1 of 3 images are outside of its 2 folders',
    });
    const folders = (count: number) => Array.from({ length: count }, (_, index) => `${index}/image.png`);
    expect(folderClasses(folders(257))).toMatchObject({ none: expect.stringContaining('257 folders') as string });
    expect(folderClasses(folders(256))).toHaveProperty('names.length', 256);
  });
});

describe('files in unsupported formats', () => {
  it('are counted with their extensions', () => {
    expect(describeUnsupported(['a.png', 'notes.txt', 'zip', 'heic/a.jpg'])).toBe('');
    expect(describeUnsupported(['a.SVG'])).toBe('1 file in an unsupported format (.svg)');
    expect(describeUnsupported(['a.HEIC', 'b.heic', 'c.zip'])).toBe('3 files in unsupported formats (.heic, .zip)');
  });
});
