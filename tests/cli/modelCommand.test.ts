import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whileHeld } from '../../src/cli/modelCommand.js';
import { FolderLock, holderOf } from '../../src/runs/lock.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

describe('writing into a run folder', () => {
  it('holds the folder, or relies on the process that trains there', async () => {
    const folder = temporaryFolder();
    const isHeld = async () => (await holderOf(folder)) !== undefined;
    expect(await whileHeld(folder, isHeld)).toBe(true);
    expect(await isHeld()).toBe(false);
    const lock = await FolderLock.take(folder);
    expect(await whileHeld(folder, isHeld)).toBe(true);
    expect(await isHeld()).toBe(true);
    await lock.release();
  });

  it('does not create a folder that was deleted', async () => {
    await expectInputError(() => whileHeld(join(temporaryFolder(), 'run'), () => Promise.resolve()), 'run');
  });
});
