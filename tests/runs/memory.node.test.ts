import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { render } from '../../src/errors.js';
import { availableMemory, requireMemory } from '../../src/runs/memory.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

const MIB = 2 ** 20;

/** A file system with these files. */
function systemWith(files: Record<string, string>): string {
  const root = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const MACHINE = { 'proc/meminfo': 'MemTotal:  9000000 kB\nMemAvailable:  8388608 kB\nSwapFree:  0 kB\n' };

/** Returns the memory that a system leaves, in MiB, besides the memory of this process. */
async function left(files: Record<string, string>): Promise<number> {
  const available = (await availableMemory(systemWith({ ...MACHINE, ...files })))!;
  return Math.round((available - process.memoryUsage.rss()) / MIB / 64) * 64;
}

describe('available memory', () => {
  it('is what the machine has, with swap', async () => {
    expect(await left({})).toBe(8192);
    expect(await left({ 'proc/meminfo': `MemAvailable: ${1024 * 1024} kB\nSwapFree: ${512 * 1024} kB\n` })).toBe(1536);
  });

  it('is what the control group leaves, or a parent of it, without cached files', async () => {
    const group = {
      'proc/self/cgroup': '0::/user/run\n',
      'sys/fs/cgroup/user/memory.max': String(1024 * MIB),
      'sys/fs/cgroup/user/memory.current': String(512 * MIB),
      'sys/fs/cgroup/user/memory.stat': `anon 1\ninactive_file ${128 * MIB}\nactive_file ${64 * MIB}\n`,
      'sys/fs/cgroup/user/run/memory.max': 'max\n',
      'sys/fs/cgroup/user/run/memory.current': String(512 * MIB),
    };
    expect(await left(group)).toBe(704);
  });

  it('follows groups of version 1, also in a container that does not show their path', async () => {
    const limits = {
      'sys/fs/cgroup/memory/memory.limit_in_bytes': String(400 * MIB),
      'sys/fs/cgroup/memory/memory.usage_in_bytes': String(80 * MIB),
    };
    const group = { 'proc/self/cgroup': '5:cpu,memory:/docker/0123\n3:cpuset:/\n', ...limits };
    expect(await left(group)).toBe(320);
  });

  it('is not known without /proc', async () => {
    expect(await availableMemory(temporaryFolder())).toBeUndefined();
  });
});

describe('training that needs more memory than there is', () => {
  it('is rejected with both amounts and what to do', async () => {
    await expectInputError(
      () => requireMemory(2 * 2 ** 30, 400 * MIB),
      'training: needs about 2.0 GiB of memory, and 0.4 GiB are available; set a smaller batch or width',
    );
  });

  it('is warned of if memory is scarce, and accepted if there is enough or nothing is known', () => {
    expect(requireMemory(9, 10).map((line) => render(line))).toEqual([
      expect.stringContaining('set a smaller batch or width'),
    ]);
    expect(requireMemory(7, 10)).toEqual([]);
    expect(requireMemory(1e15, undefined)).toEqual([]);
  });
});
