import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, setting, type Text, text } from '../errors.js';

/** Of the estimate, against measurements. */
const TOLERANCE = 0.07;
/** Fraction of the available memory above which a line warns, because the estimate excludes images. */
const CLOSE = 0.8;

/** Amounts are in bytes. */
export function requireMemory(estimated: number, available = Infinity): Text[] {
  const amounts = `needs about ${gibibytes(estimated)} of memory, and ${gibibytes(available)} are available`;
  const remedy = text`set a smaller ${setting('batch')} or ${setting('width')}`;
  if (estimated * (1 - TOLERANCE) > available) throw new InputError('training', amounts, remedy);
  return estimated > CLOSE * available ? [text`training ${amounts}; if the process is killed, ${remedy}`] : [];
}

const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Bytes that this process has or can get, with swap, within its control groups. Only on Linux. */
export async function availableMemory(root = '/') {
  const machine = await readTable(join(root, 'proc/meminfo'));
  const free = machine.get('MemAvailable');
  if (free === undefined) return undefined;
  const limits = [1024 * (free + (machine.get('SwapFree') ?? 0)), ...(await groupLimits(root))];
  return process.memoryUsage.rss() + Math.max(0, Math.min(...limits));
}

async function groupLimits(root: string) {
  const groups = (await readText(join(root, 'proc/self/cgroup'))).matchAll(/^\d+:([^:\n]*):(.*)$/gmu);
  const limits = Array.from(groups).flatMap(([, controllers = '', path = '']) => {
    const version = controllers === '' ? VERSION_2 : VERSION_1;
    if (version === VERSION_1 && !controllers.split(',').includes('memory')) return [];
    return foldersTo(path).map((folder) => leftInGroup(join(root, version.root, folder), version));
  });
  return (await Promise.all(limits)).filter((left) => left !== undefined);
}

/** A path and its parents: in a container, a path of the host may not exist. */
const foldersTo = (path: string) => {
  const names = path.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, count) => names.slice(0, count).join('/'));
};

const VERSION_2 = {
  root: 'sys/fs/cgroup',
  limit: 'memory.max',
  usage: 'memory.current',
  files: ['inactive_file', 'active_file'],
};
const VERSION_1 = {
  root: 'sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  files: ['total_inactive_file', 'total_active_file'],
};

/** The kernel frees cached files before it kills a process. */
async function leftInGroup(folder: string, { limit, usage, files }: typeof VERSION_2) {
  const [max, used] = await Promise.all(
    [limit, usage].map(async (name) => parseInt(await readText(join(folder, name)))),
  );
  if (!Number.isFinite(max) || !Number.isFinite(used)) return undefined;
  const statistics = await readTable(join(folder, 'memory.stat'));
  return max! - used! + files.reduce((sum, name) => sum + (statistics.get(name) ?? 0), 0);
}

const readText = (file: string) => readFile(file, 'utf8').catch(() => '');

/** Lines such as `MemFree:  1024 kB`. */
async function readTable(file: string) {
  const rows = (await readText(file)).matchAll(/^(\w+):?\s+(\d+)/gmu);
  return new Map(Array.from(rows, ([, name, value]) => [name!, Number(value)]));
}
