import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it, vi } from 'vitest';
import { writeAndSync } from '../../src/files/atomic.node.js';
import { OwnFolder } from '../../src/runs/ownFolder.node.js';
import { DataSets } from '../../src/studio/dataSets.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

vi.mock('node:fs/promises', async (original) => {
  const module = await original<typeof import('node:fs/promises')>();
  return { ...module, rename: vi.fn(module.rename) };
});
vi.mock('../../src/files/atomic.node.js', async (original) => {
  const module = await original<typeof import('../../src/files/atomic.node.js')>();
  return { ...module, writeAndSync: vi.fn(module.writeAndSync) };
});

const diskFull = (): never => {
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
};

it.each([
  ['writing', writeAndSync],
  ['moving', rename],
])('an upload is stored completely or not at all: a failure of %s', async (_, failing) => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, '.studio'));
  const data = new DataSets(await OwnFolder.at(folder), ['none'], []);
  const image = Uint8Array.from(
    await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
  const files = ['a.png', 'b.png', 'c.png'].map((name) => new File([image], name));
  const actual = failing as unknown as { getMockImplementation: () => (...args: never[]) => Promise<void> };
  const original = actual.getMockImplementation();
  const failAfterOne = () => {
    let count = 0;
    vi.mocked(failing).mockImplementation(((...args: never[]) =>
      count++ > 0 ? diskFull() : original(...args)) as never);
  };
  failAfterOne();
  await expectInputError(() => data.upload('faces', files), 'uploads/faces: cannot be written (the disk is full)');
  expect(existsSync(join(folder, 'uploads', 'faces'))).toBe(false);
  vi.mocked(failing).mockImplementation(original as never);
  await data.upload('faces', files.slice(1));
  failAfterOne();
  await expectInputError(() => data.upload('faces', files), 'the disk is full');
  expect(readdirSync(join(folder, 'uploads', 'faces'))).toEqual(['000001.png', '000002.png']);
  expect(readdirSync(join(folder, '.studio'))).toEqual([]);
  vi.mocked(failing).mockImplementation(original as never);
});
