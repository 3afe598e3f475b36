import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BestCheckpoint, type BestRecord } from '../../src/runs/bestCheckpoint.node.js';
import { OwnFolder } from '../../src/runs/ownFolder.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

const metrics = { fid: 10, psnr: 20 };
const record = (step: number, metric: keyof typeof metrics, found: typeof metrics, count = 100): BestRecord => ({
  ...{ step, epochs: step, metric, value: found[metric], count, weights: `weights of ${step}`, metrics: found },
});

async function folderWithCheckpoints(...steps: number[]) {
  const folder = temporaryFolder();
  await mkdir(join(folder, 'checkpoints'));
  const files = steps.map((step) => {
    const file = join(folder, 'checkpoints', `${step}.safetensors`);
    writeFileSync(file, `weights of ${step}`);
    return file;
  });
  return { folder, files, best: new BestCheckpoint(await OwnFolder.at(folder)) };
}

/** Which of two checkpoints stays, the second offered after the first. */
async function winner(first: BestRecord, second: BestRecord): Promise<string> {
  const { files, best } = await folderWithCheckpoints(1, 2);
  expect(await best.offer(files[0]!, first)).toBe(true);
  const isBetter = await best.offer(files[1]!, second);
  const { file, step } = (await best.read())!;
  const kept = readFileSync(file, 'utf8');
  expect(kept).toBe(`weights of ${step}`);
  expect(isBetter).toBe(kept === 'weights of 2');
  return kept;
}

describe('the best checkpoint of a run', () => {
  it('has the lowest or highest value, depending on the metric', async () => {
    expect(await winner(record(1, 'fid', metrics), record(2, 'fid', { fid: 9, psnr: 1 }))).toBe('weights of 2');
    expect(await winner(record(1, 'fid', metrics), record(2, 'fid', { fid: 11, psnr: 30 }))).toBe('weights of 1');
    expect(await winner(record(1, 'psnr', metrics), record(2, 'psnr', { fid: 99, psnr: 21 }))).toBe('weights of 2');
    expect(await winner(record(1, 'psnr', metrics), record(2, 'psnr', { fid: 1, psnr: 19 }))).toBe('weights of 1');
  });

  it('is the earlier of two equal ones', async () => {
    expect(await winner(record(1, 'fid', metrics), record(2, 'fid', metrics))).toBe('weights of 1');
  });

  it('never has a value that is not finite', async () => {
    expect(await winner(record(1, 'fid', metrics), record(2, 'fid', { ...metrics, fid: NaN }))).toBe('weights of 1');
    const { files, best } = await folderWithCheckpoints(1);
    expect(await best.offer(files[0]!, record(1, 'fid', { ...metrics, fid: Infinity }))).toBe(false);
    expect(await best.read()).toBeUndefined();
  });

  it('can be ranked by a different metric later', async () => {
    expect(await winner(record(1, 'fid', metrics), record(2, 'psnr', { fid: 1, psnr: 19 }))).toBe('weights of 1');
    expect(await winner(record(1, 'fid', metrics), record(2, 'psnr', { fid: 99, psnr: 21 }))).toBe('weights of 2');
  });

  it('ignores values of a different number of samples', async () => {
    expect(await winner(record(1, 'fid', metrics), record(2, 'fid', { fid: 99, psnr: 1 }, 50))).toBe('weights of 2');
  });

  it('may be recorded twice', async () => {
    const { folder, files, best } = await folderWithCheckpoints(1);
    for (const _ of [1, 2]) expect(await best.offer(files[0]!, record(1, 'fid', metrics))).toBe(true);
    expect(await best.read()).toEqual({
      ...record(1, 'fid', metrics),
      file: join(folder, 'checkpoints', 'best.safetensors'),
    });
  });

  it('is not replaced by worse weights of the same iteration, which a resumed run may reach', async () => {
    const worse = { ...record(1, 'psnr', { fid: 99, psnr: 19 }), weights: 'others' };
    const { files, best } = await folderWithCheckpoints(1, 2);
    expect(await best.offer(files[0]!, record(1, 'psnr', metrics))).toBe(true);
    expect(await best.offer(files[1]!, worse)).toBe(false);
    expect(readFileSync((await best.read())!.file, 'utf8')).toBe('weights of 1');
  });

  it('names a damaged record', async () => {
    const { folder, best } = await folderWithCheckpoints();
    writeFileSync(join(folder, 'best.json'), '{"metric":"fid"');
    await expectInputError(() => best.read(), 'best.json', 'corrupt file; delete it');
  });
});
