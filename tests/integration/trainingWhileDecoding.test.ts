import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImageItem } from '../../src/data/source.js';
import type { Decoded } from '../../src/images/preprocessing.js';
import { openCollection, type OpenOptions } from '../../src/data/decoding/openCollection.node.js';
import { randomStream } from '../../src/random.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { latestOf, logOf, namesIn, trained } from '../training/trainings.js';

const IMAGES = 120;

/** Images of noise, of which some are broken, that take various times to decode; counts them. */
class SlowImages {
  decoded = 0;
  readonly items: readonly ImageItem[];

  constructor(broken: readonly number[], milliseconds: number) {
    this.items = Array.from({ length: IMAGES }, (_, index) => ({
      name: `image-${index}`,
      label: null,
      fingerprint: '1',
      contentKey: () => '4',
      decode: async (): Promise<Decoded> => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds * randomStream(1, 'time', index).uniform()));
        this.decoded++;
        const stream = randomStream(1, 'image', index);
        return broken.includes(index)
          ? { failure: 'torn', unreadable: false }
          : { pixels: Uint8Array.from({ length: 1024 }, () => stream.below(256)) };
      },
    }));
  }
}

const open = (images: SlowImages, options: OpenOptions) =>
  openCollection(
    { items: images.items },
    { size: 32, channels: 1 },
    { name: 'noise', streaming: true, testFraction: 0.3, ...options },
  );

describe('training during decoding', () => {
  const configuration = tinyConfiguration({ length: { steps: 30 }, sampleEvery: 15, flip: true });

  it.each([[[]], [[3, 4, 60, 100, 101]]])(
    'with %j corrupt is bitwise identical to training on decoded images',
    async (broken) => {
      const cacheFolder = temporaryFolder();
      const images = new SlowImages(broken, 900);
      const early = await open(images, { cacheFolder });
      let before = IMAGES;
      const first = await trained(configuration, {
        source: early,
        onEvent: ({ type }) => type === 'start' && (before = images.decoded),
      });
      expect(before).toBeLessThan(IMAGES);
      // All of them are there for the next time.
      expect(images.decoded).toBe(IMAGES);
      early.close!();

      const decoded = await open(images, { cacheFolder });
      const second = await trained(configuration, { source: decoded });
      expect(images.decoded).toBe(IMAGES);
      expect(logOf(second.folder)).toEqual(logOf(first.folder));
      expect((await latestOf(second.folder)).vectors).toEqual((await latestOf(first.folder)).vectors);
      for (const part of ['samples', 'reconstructions'])
        expect(namesIn(second.folder, part)).toEqual(namesIn(first.folder, part));
      decoded.close!();
    },
  );

  it('waits only for the images it needs, and saves if stopped before all are decoded', async () => {
    const images = new SlowImages([], 900);
    const source = await open(images, { cacheFolder: temporaryFolder() });
    const controller = new AbortController();
    const { summary } = await trained(configuration, {
      source,
      signal: controller.signal,
      onEvent: (event) => event.type === 'iteration' && event.report.step === 3 && controller.abort(),
    });
    expect([summary.interrupted, summary.steps]).toEqual([true, 3]);
    expect(images.decoded).toBeLessThan(IMAGES);
    source.close!();
  });

  it('ends with the error of the images if none can be stored', async () => {
    const blocked = join(temporaryFolder(), 'file');
    writeFileSync(blocked, '');
    const images = new SlowImages([], 1);
    const large = images.items.map((item) => ({
      ...item,
      decode: () => Promise.resolve({ pixels: new Uint8Array(3 * 1024 ** 2) }),
    }));
    const opening = () =>
      openCollection(
        { items: Array.from({ length: 6 }, () => large).flat() },
        { size: 1024, channels: 3 },
        { name: 'noise', streaming: true, cacheFolder: blocked },
      );
    await expectInputError(opening, 'cannot write decoded images to the cache');
  });
});
