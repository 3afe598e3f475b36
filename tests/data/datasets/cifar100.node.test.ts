import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSource } from '../../../src/data/open.node.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { cifarBytes, cifarPicture } from '../formats/cifarBytes.js';

it('CIFAR-100 has its fine labels', async () => {
  const folder = temporaryFolder();
  const record = (coarse: number, fine: number) => ({ labels: [coarse, fine], picture: cifarPicture(fine) });
  writeFileSync(join(folder, 'train.bin'), cifarBytes([record(3, 41), record(1, 99)]));
  writeFileSync(join(folder, 'test.bin'), cifarBytes([record(0, 7)]));
  const source = await openSource(`cifar100:${folder}`);
  expect(source.train.labels).toEqual(Uint8Array.of(41, 99));
  expect(source.classes).toBe(100);
});
