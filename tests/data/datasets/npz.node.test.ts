import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSource } from '../../../src/data/open.node.js';
import { npzArchive } from '../../npzArchive.js';
import { firstImages, type ImageSource } from '../../../src/data/source.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { noise } from '../formats/noise.js';

const imagesOf = ({ train, size, channels }: ImageSource) =>
  firstImages(train, train.count, size[0] * size[1] * channels);

it('an .npz archive is split by the seed in the same way each time', async () => {
  const file = join(temporaryFolder(), 'images.npz');
  const count = 40;
  const bytes = noise(count * 32 * 32 * 3, 3);
  writeFileSync(
    file,
    npzArchive({
      images: { shape: [count, 32, 32, 3], data: bytes },
      labels: { shape: [count], data: noise(count, 4).map((byte) => byte % 3) },
    }),
  );
  const options = { cacheFolder: temporaryFolder() };
  const [first, second] = [
    await openSource(`npz:${file}`, undefined, options),
    await openSource(`npz:${file}`, undefined, options),
  ];
  expect(first).toMatchObject({ size: [32, 32], channels: 3, classes: 3 });
  expect(first.train.count + first.test.count).toBe(count);
  expect(first.test.count).toBeGreaterThan(0);
  expect(imagesOf(first)).toEqual(imagesOf(second));
  first.close?.();
  second.close?.();
});
