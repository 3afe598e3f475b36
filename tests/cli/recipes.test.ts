import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { writeNoiseArchive } from './labelledData.js';

const SCRIPT = fileURLToPath(new URL('../../bench/tune.mjs', import.meta.url));
/** Answers as `agenet` does, without training. */
const STAND_IN = fileURLToPath(new URL('recipes/standIn.mjs', import.meta.url));
const PLOT = fileURLToPath(new URL('../../bench/plot-recipes.mjs', import.meta.url));
const folder = sharedTemporaryFolder();

/** A search over `names`, of which the first is the reference, for 2 and then 3 iterations; the best of the others goes on. */
function writeSearch(names: readonly string[]): string {
  const file = join(folder, 'search.json');
  const candidates = names.map((name, index) => ({ name, learningRate: 1e-4 * (index + 1), schedule: index === 1 ? 'constant' : 'cosine' }));
  const base = { width: 2, latent: 4, batch: 8 };
  const goals = { l1: 0.5, accuracy: [0.9], fidFraction: 0.5 };
  writeFileSync(file, JSON.stringify({ data: `npz:${join(folder, 'noise.npz')}`, reference: names[0], rungs: [2, 3], labels: [30], goals, base, candidates }));
  return file;
}

async function search(file: string, ...flags: readonly string[]): Promise<{ table: string[]; rows: { name: string; steps: number }[] }> {
  const results = join(folder, 'results.jsonl');
  const args = [SCRIPT, '--candidates', file, '--results', results, '--runs', join(folder, 'runs'), '--keep-fraction', '0.5', ...flags];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, AGENET_CACHE: join(folder, 'cache') } });
  const rows = readFileSync(results, 'utf8').trim().split('\n');
  return { table: stdout.trim().split('\n'), rows: rows.map((line) => JSON.parse(line) as { name: string; steps: number }) };
}

describe('the search for recipes', () => {
  it('trains, evaluates and probes a candidate with agenet', async () => {
    writeNoiseArchive(join(folder, 'noise.npz'), 60);
    const results = join(folder, 'real.jsonl');
    const args = [SCRIPT, '--candidates', writeSearch(['reference']), '--rungs', '2', '--results', results, '--runs', join(folder, 'real'), '--count', '40'];
    await promisify(execFile)(process.execPath, args, { env: { ...process.env, AGENET_CACHE: join(folder, 'cache') } });
    const row = JSON.parse(readFileSync(results, 'utf8')) as Record<string, unknown>;
    expect(row).toMatchObject({ name: 'reference', steps: 2, settings: { width: 2, schedule: 'cosine' }, protocol: { samples: 40 } });
    for (const metric of ['reconstruction_l1', 'fid', 'precision', 'recall', 'latent_cosine']) expect(row[metric], metric).toBeTypeOf('number');
    expect(row.accuracy).toEqual([expect.any(Number)]);
  });

  it('promotes the reference and the best of the others to the next rung, and repeats nothing', async () => {
    const quick = ['--program', STAND_IN];
    const first = await search(writeSearch(['reference', 'a', 'b']), ...quick);
    expect(first.rows.map(({ steps }) => steps)).toEqual([2, 2, 2, 3, 3]);
    expect(first.rows.map(({ name }) => name)).toEqual(['reference', 'a', 'b', 'reference', 'b']);
    expect(first.table).toHaveLength(2 + first.rows.length);

    const again = await search(writeSearch(['reference', 'a', 'b']), ...quick);
    expect(again).toEqual(first);
    const more = await search(writeSearch(['reference', 'a', 'b', 'c']), '--rungs', '2', ...quick);
    expect(more.rows.slice(0, 5)).toEqual(first.rows);
    expect(more.rows.slice(5).map(({ name, steps }) => [name, steps])).toEqual([['c', 2]]);
  });

  it('rejects different settings under a name that has results', async () => {
    await expect(search(writeSearch(['reference', 'b', 'a']), '--program', STAND_IN)).rejects.toThrow('choose a different name');
  });

  it('ranks by the worst missed goal, with samples compared with those of the reference', async () => {
    const row = { steps: 2, reconstruction_l1: 0.25, reconstruction_mse: 0.1, latent_cosine: 0.3, fid: 100, precision: 0.8, recall: 0.5, accuracy: [0.9] };
    const rows = [
      { ...row, name: 'reference' },
      { ...row, name: 'b', fid: 50, accuracy: [0.7] },
      { ...row, name: 'c', fid: 50, recall: 0.4 },
      { ...row, name: 'a', fid: 50 },
    ];
    const results = join(folder, 'scored.jsonl');
    writeFileSync(results, rows.map((each) => JSON.stringify(each)).join('\n'));
    const args = [SCRIPT, '--candidates', writeSearch(['reference', 'a', 'b', 'c']), '--results', results, '--table'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const cells = stdout.trim().split('\n').slice(2);
    expect(cells.map((line) => line.split(' | ').slice(1, 3))).toEqual([
      ['a', '1.00'],
      ['c', '1.25'],
      ['reference', '2.00'],
      ['b', '3.00'],
    ]);
  });

  it('is plotted with a dot and a name for each row', async () => {
    const drawing = promisify(execFile)(process.execPath, [PLOT]);
    drawing.child.stdin!.end(readFileSync(join(folder, 'results.jsonl')));
    const { stdout } = await drawing;
    const { info } = await sharp(Buffer.from(stdout)).png().toBuffer({ resolveWithObject: true });
    expect(info.width).toBeGreaterThan(500);
    expect(stdout.match(/stroke-width="1.5"/g)).toHaveLength(6);
    ['reference', 'a', 'b', 'c'].forEach((name, index) => expect(stdout).toContain(`>${index + 1} ${name}</text>`));
  });
});
