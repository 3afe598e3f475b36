import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { writeNoiseArchive } from './labelledData.js';
import { resultOf, startCommand } from './runCommand.js';
import { makePicture, makeTinyRun } from './tinyRun.js';

const cwd = sharedTemporaryFolder();
const PRELOAD = new URL('killInWrite.mjs', import.meta.url).href;
const TRAINING = ['train', 'npz:noise.npz', '--width', '4', '--latent', '8', '--batch', '16', '--threads', '1', '--sample-every', '0', '--keep', '1'];
const JUDGED = ['--evaluate-every', '1', '--evaluate-count', '10', '--evaluate-metrics', 'reconstruction', '--best', 'reconstruction_l1'];

/** Runs a command that is killed when half of a file with this name is written. */
async function killedIn(name: string, args: readonly string[]): Promise<void> {
  const { finished } = startCommand(args, cwd, { KILL_IN: name, NODE_OPTIONS: `--import ${PRELOAD}` });
  // Null: by a signal, so that the file was indeed being written.
  expect(await finished).toMatchObject({ status: null });
}
const bytesOf = (...path: readonly string[]) => readFileSync(join(cwd, ...path));

describe('a process that is killed while it writes', () => {
  it('an evaluation leaves the one before it', async () => {
    await makeTinyRun(join(cwd, 'evaluated'));
    const evaluate = ['evaluate', 'evaluated', '--metrics', 'psnr', '--threads', '1', '--count'];
    const first = await resultOf([...evaluate, '50'], cwd);
    const before = bytesOf('evaluated', 'evaluation-000003.json');
    await killedIn('evaluation-000003.json', [...evaluate, '60']);
    expect(bytesOf('evaluated', 'evaluation-000003.json')).toEqual(before);
    expect((await resultOf(['compare', 'evaluated'], cwd)).runs).toMatchObject([{ metrics: first.metrics }]);
    expect(await resultOf([...evaluate, '60'], cwd)).toMatchObject({ protocol: { images: 60 } });
  });

  it('a film leaves the one before it', async () => {
    await makeTinyRun(join(cwd, 'filmed'));
    for (const step of [1, 2]) await makePicture(join(cwd, 'filmed', 'samples', `00000${step}.png`), 0, 100 * step);
    await resultOf(['film', 'filmed', '--out', 'film.webp'], cwd);
    const before = bytesOf('film.webp');
    await makePicture(join(cwd, 'filmed', 'samples', '000003.png'), 255, 0);
    await killedIn('film.webp', ['film', 'filmed', '--out', 'film.webp']);
    expect(bytesOf('film.webp')).toEqual(before);
    expect(await resultOf(['film', 'filmed', '--out', 'film.webp'], cwd)).toMatchObject({ count: 3 });
  });

  it.each(['best.safetensors', 'best.json'])('%s leaves the best checkpoint before it, and the resumed run finds the best one', async (name) => {
    writeNoiseArchive(join(cwd, 'noise.npz'), 100, { labelled: false });
    const out = `killed-in-${name}`;
    await resultOf([...TRAINING, ...JUDGED, '--out', out, '--epochs', '1'], cwd);
    const path = name === 'best.json' ? [name] : ['checkpoints', name];
    const before = bytesOf(out, ...path);
    const resumed = ['train', 'npz:noise.npz', '--out', out, '--resume', '--epochs', '3', '--threads', '1'];
    await killedIn(name, resumed);
    expect(bytesOf(out, ...path)).toEqual(before);
    const { best } = await resultOf(resumed, cwd);
    const uninterrupted = `whole-${name}`;
    await resultOf([...TRAINING, ...JUDGED, '--out', uninterrupted, '--epochs', '3'], cwd);
    expect(bytesOf(out, 'best.json')).toEqual(bytesOf(uninterrupted, 'best.json'));
    expect((await resultOf(['info', join(out, 'checkpoints', 'best.safetensors')], cwd)).step).toBe((best as { step: number }).step);
  });
});
