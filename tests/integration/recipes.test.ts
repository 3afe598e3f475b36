import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../temporaryFolder.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { SMALL_PLANS } from '../cli/tinyRun.js';

const SCRIPT = fileURLToPath(new URL('../../bench/tune.mjs', import.meta.url));
/** Answers as `agenet` does, without training. */
const STAND_IN = fileURLToPath(new URL('recipes/standIn.mjs', import.meta.url));

interface Row {
  name: string;
  steps: number;
  seed: number;
  split: string;
  metrics?: Record<string, number>;
  failed?: string;
}

/**
 * Writes a search over `names`: 2 iterations with seed 1, then 3 iterations of the better half with the seeds 1 and 2.
 */
function writeSearch(folder: string, names: readonly string[], learningRate = 1e-4): string {
  const file = join(folder, 'search.json');
  const search = {
    data: `npz:${join(folder, 'noise.npz')}`,
    validationFraction: 0.3,
    rounds: [
      { steps: 2, seeds: [1] },
      { steps: 3, seeds: [1, 2] },
    ],
    keep: 0.5,
    labels: [30],
    bounds: { fid: [20, 0], accuracy_30: [0.75, 1] },
    base: {
      ...{ width: 2, latent: 4, batch: 8, schedule: 'cosine' },
      ...{ encoderUpdates: SMALL_PLANS[1], generatorUpdates: SMALL_PLANS[3] },
    },
    candidates: names.map((name) => ({ name, learningRate })),
  };
  writeFileSync(file, JSON.stringify(search));
  return file;
}

async function search(folder: string, ...flags: readonly string[]): Promise<{ table: string[]; rows: Row[] }> {
  const results = join(folder, 'results.jsonl');
  const args = [
    SCRIPT,
    '--candidates',
    join(folder, 'search.json'),
    '--results',
    results,
    '--runs',
    join(folder, 'runs'),
    '--parallel',
    '1',
    ...flags,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, AGENET_CACHE: join(folder, 'cache') },
  });
  const rows = existsSync(results) ? readFileSync(results, 'utf8').trim().split('\n') : [];
  return { table: stdout.trim().split('\n'), rows: rows.map((line) => JSON.parse(line) as Row) };
}

const quick = ['--program', STAND_IN];
const trainings = (rows: readonly Row[]) => rows.map(({ name, steps, seed }) => `${name} ${steps} ${seed}`);

describe('the search for recipes', () => {
  it('trains with agenet, and scores by images that are neither trained on nor test images', async () => {
    const folder = temporaryFolder();
    writeNoiseArchive(join(folder, 'noise.npz'), 60);
    writeSearch(folder, ['candidate']);
    const { rows } = await search(folder, '--steps', '2', '--count', '40');
    expect(rows).toEqual([expect.objectContaining({ name: 'candidate', steps: 2, seed: 1, split: 'validation' })]);
    expect(rows[0]!.failed).toBeUndefined();
    expect(rows[0]).toMatchObject({ settings: { width: 2, schedule: 'cosine' }, protocol: { samples: 40 } });
    for (const metric of ['reconstruction_l1', 'fid', 'midpoint_fid', 'code_variance_real', 'accuracy_30']) {
      expect(rows[0]!.metrics![metric], metric).toBeTypeOf('number');
    }
    const configuration = JSON.parse(
      readFileSync(join(folder, 'runs/candidate-2-validation-1/config.json'), 'utf8'),
    ) as object;
    expect(configuration).toMatchObject({ data: `npz:${join(folder, 'runs/train.npz')}`, testFraction: 0.3 });
  });

  it('advances the best half to the next round, with more seeds, and repeats nothing', async () => {
    const folder = temporaryFolder();
    writeSearch(folder, ['a3', 'a1', 'a2', 'a4']);
    const first = await search(folder, ...quick);
    expect(trainings(first.rows)).toEqual([
      'a3 2 1',
      'a1 2 1',
      'a2 2 1',
      'a4 2 1',
      'a1 3 1',
      'a1 3 2',
      'a2 3 1',
      'a2 3 2',
    ]);
    expect(await search(folder, ...quick)).toEqual(first);

    // One more candidate, which is better than those that went on.
    writeSearch(folder, ['a3', 'a1', 'a2', 'a4', 'b0']);
    const more = await search(folder, ...quick);
    expect(more.rows.slice(0, first.rows.length)).toEqual(first.rows);
    expect(trainings(more.rows.slice(first.rows.length))).toEqual(['b0 2 1', 'b0 3 1', 'b0 3 2']);
  });

  it('continues with the trainings that are missing', async () => {
    const folder = temporaryFolder();
    writeSearch(folder, ['a1', 'a2']);
    const whole = await search(folder, ...quick);
    const results = join(folder, 'results.jsonl');
    const lines = readFileSync(results, 'utf8').trim().split('\n');
    writeFileSync(results, `${lines.slice(0, 3).join('\n')}\n`);
    rmSync(join(folder, 'runs'), { recursive: true });
    expect(trainings((await search(folder, ...quick)).rows)).toEqual(trainings(whole.rows));
  });

  it('scores the mean over seeds by the bound that is missed most', async () => {
    const folder = temporaryFolder();
    writeSearch(folder, ['a1', 'a9']);
    const { table } = await search(folder, ...quick);
    const cells = table.slice(2).map((line) => line.slice(2, -2).split(' | '));
    expect(table[0]).toBe('| images | iterations | recipe | seeds | score | fid | accuracy_30 |');
    // Accuracy 0.8 for 0.75, which is nearer to its bound than FID 11 for 20; FID 91 for 20.
    expect(cells).toEqual([
      ['validation', '2', 'a1', '1', '0.80', '11.0', '0.800'],
      ['validation', '2', 'a9', '1', '4.55', '91.0', '0.800'],
      ['validation', '3', 'a1', '2', '0.80', '11.5 ± 0.7', '0.800 ± 0.000'],
    ]);
  });

  it('reports a training that fails, and goes on with the others', async () => {
    const folder = temporaryFolder();
    writeSearch(folder, ['fails1', 'a2']);
    const { rows, table } = await search(folder, ...quick);
    expect(trainings(rows)).toEqual(['fails1 2 1', 'a2 2 1', 'a2 3 1', 'a2 3 2']);
    expect(rows[0]!.failed).toContain('loss is NaN');
    expect(table.find((line) => line.includes('fails1'))).toContain('Infinity');
  });

  it('reports on the test images only what was chosen, with all training images', async () => {
    const folder = temporaryFolder();
    writeSearch(folder, ['a1', 'a2']);
    const { rows } = await search(folder, '--report', 'a2', ...quick);
    expect(rows.map(({ name, steps, seed, split }) => [name, steps, seed, split])).toEqual([
      ['a2', 3, 1, 'test'],
      ['a2', 3, 2, 'test'],
    ]);
    expect(rows.map(({ metrics }) => metrics!.fid)).toEqual([21, 22]);
    const more = await search(folder, '--report', 'a1', '--seeds', '5', ...quick);
    expect(more.rows.slice(2)).toEqual([expect.objectContaining({ name: 'a1', steps: 3, seed: 5, split: 'test' })]);
  });

  it('rejects a name that no candidate has', async () => {
    const folder = temporaryFolder();
    writeSearch(folder, ['a1']);
    await expect(search(folder, '--report', 'a2', ...quick)).rejects.toThrow('no candidate is named a2');
  });

  it('rejects different settings under a name that has results', async () => {
    const folder = temporaryFolder();
    writeSearch(folder, ['a1']);
    await search(folder, ...quick);
    writeSearch(folder, ['a1'], 1e-3);
    await expect(search(folder, ...quick)).rejects.toThrow('choose a different name');
  });
});
