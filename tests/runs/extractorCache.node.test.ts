import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { headLayout } from '../../src/classifiers/classifierGraph.js';
import {
  classifierExtractor,
  type DataClassifier,
  dataClassifierSpec,
  trainDataClassifier,
} from '../../src/classifiers/dataClassifier.js';
import { rotatedSource } from '../../src/classifiers/rotations.js';
import { dataExtractor } from '../../src/runs/extractorCache.node.js';
import { barSource, compileOnOneThread } from '../metrics/tinyClassifier.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { describe, expect, it, vi } from 'vitest';

const source = barSource(3, 9);
const classifier = ((): DataClassifier => {
  const spec = dataClassifierSpec(source);
  const { network, classes } = spec;
  const numbers = (length: number, offset: number) =>
    Float32Array.from({ length }, (_, index) => Math.sin(index + offset));
  const weights = {
    parameters: numbers(network.parameters.size, 1),
    statistics: numbers(network.statistics.size, 2),
    head: numbers(headLayout({ network, classes }).size, 3),
  };
  return { weights, testAccuracy: 0.75 };
})();

// A training takes seconds; here only its result is kept and read.
vi.mock('../../src/classifiers/dataClassifier.js', async (original) => {
  const actual = await original<typeof import('../../src/classifiers/dataClassifier.js')>();
  return {
    ...actual,
    trainDataClassifier: vi.fn(() => Promise.resolve(classifier)),
    classifierExtractor: vi.fn(actual.classifierExtractor),
  };
});

/** Requests the extractor, expects the correct one, and returns the number of trainings and the notes. */
async function extract(cacheFolder: string): Promise<{ trainings: number; notes: readonly string[] }> {
  const notes: string[] = [];
  const before = vi.mocked(trainDataClassifier).mock.calls.length;
  await dataExtractor(source, compileOnOneThread, { cacheFolder, onNote: (line) => notes.push(line) });
  const { weights, testAccuracy } = vi.mocked(classifierExtractor).mock.lastCall![2];
  expect(testAccuracy).toBe(classifier.testAccuracy);
  for (const name of ['parameters', 'statistics', 'head'] as const)
    expect([name, bytesOf(weights[name]).equals(bytesOf(classifier.weights[name]))]).toEqual([name, true]);
  return { trainings: vi.mocked(trainDataClassifier).mock.calls.length - before, notes };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

const fileIn = (cache: string): string => join(cache, 'extractors', readdirSync(join(cache, 'extractors'))[0]!);

async function filled(): Promise<string> {
  const cache = temporaryFolder();
  expect(await extract(cache)).toMatchObject({ trainings: 1 });
  return cache;
}

describe('a cached extractor', () => {
  it('is read on the next use', async () => {
    expect(await extract(await filled())).toEqual({ trainings: 0, notes: [] });
  });

  it.each<readonly [string, (path: string) => void]>([
    ['empty', (path) => truncateSync(path, 0)],
    ['cut short', (path) => truncateSync(path, statSync(path).size - 4)],
    ['zeros', (path) => writeFileSync(path, new Uint8Array(statSync(path).size))],
    ['a folder that is not empty', (path) => (rmSync(path), mkdirSync(join(path, 'below'), { recursive: true }))],
    ['a broken link', (path) => (rmSync(path), symlinkSync('nothing', path))],
    ['a named pipe', (path) => (rmSync(path), execFileSync('mkfifo', [path]))],
  ])('that is %s is trained again, once', async (_, damage) => {
    const cache = await filled();
    damage(fileIn(cache));
    const { trainings, notes } = await extract(cache);
    expect([trainings, notes.filter((line) => line.includes('not cached'))]).toEqual([1, []]);
    expect(await extract(cache)).toEqual({ trainings: 0, notes: [] });
  });

  it('with one wrong bit in its header or values is trained again', async () => {
    const cache = await filled();
    const whole = readFileSync(fileIn(cache));
    const headerBytes = 8 + Number(whole.readBigUInt64LE(0));
    const places = [
      ...Array.from({ length: headerBytes }, (_, byte) => byte).filter((byte) => byte % 3 === 0),
      headerBytes,
      headerBytes + 5000,
      whole.length - 1,
    ];
    for (const place of places) {
      const damaged = Buffer.from(whole);
      damaged[place]! ^= 1 << (place % 8);
      writeFileSync(fileIn(cache), damaged);
      const isPadding = place < headerBytes && whole[place] === 0x20;
      expect([place, (await extract(cache)).trainings]).toEqual([place, isPadding ? expect.any(Number) : 1]);
    }
  });

  it('is optional: a cache that cannot be written is noted', async () => {
    const cache = join(temporaryFolder(), 'file');
    writeFileSync(cache, '');
    const { trainings, notes } = await extract(cache);
    expect(trainings).toBe(1);
    expect(notes.at(-1)).toContain('the feature extractor is not cached');
  });

  it('is repaired correctly by several concurrent users', async () => {
    const cache = await filled();
    truncateSync(fileIn(cache), 100);
    for (const { notes } of await Promise.all(Array.from({ length: 4 }, () => extract(cache))))
      expect(notes.join()).not.toContain('not cached');
    expect(await extract(cache)).toEqual({ trainings: 0, notes: [] });
    expect(readdirSync(join(cache, 'extractors'))).toHaveLength(1);
  });
});

describe('the extractor of data without classes', () => {
  const unlabeled = {
    ...source,
    classes: null,
    train: { ...source.train, labels: null },
    test: { ...source.test, labels: null },
  };

  it('is a classifier of rotations', async () => {
    const { network, classes } = dataClassifierSpec(rotatedSource(unlabeled));
    const head = new Float32Array(headLayout({ network, classes }).size);
    vi.mocked(trainDataClassifier).mockResolvedValueOnce({ ...classifier, weights: { ...classifier.weights, head } });
    const notes: string[] = [];
    const extractor = await dataExtractor(unlabeled, compileOnOneThread, {
      cacheFolder: temporaryFolder(),
      onNote: (line) => notes.push(line),
    });
    expect(vi.mocked(trainDataClassifier).mock.lastCall![0]).toMatchObject({ classes: 4, train: { count: 12 } });
    expect(notes[0]).toContain('rotated images of bars, which has no classes');
    expect(extractor.name).toMatch(/^rotation classifier of bars 32x32x1 /);
    expect(vi.mocked(classifierExtractor)).not.toHaveBeenCalledWith(
      extractor.name,
      expect.anything(),
      expect.anything(),
      expect.anything(),
    );
  });

  it('differs from that of the same images with classes', async () => {
    const cacheFolder = temporaryFolder();
    const [first, second] = [
      await dataExtractor(source, compileOnOneThread, { cacheFolder }),
      await dataExtractor(unlabeled, compileOnOneThread, { cacheFolder }),
    ];
    expect(first.name).not.toBe(second.name);
    expect(readdirSync(join(cacheFolder, 'extractors'))).toHaveLength(2);
  });
});
