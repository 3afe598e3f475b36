import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OwnFolder } from '../../src/runs/ownFolder.node.js';
import { FollowedLog } from '../../src/studio/followedLog.node.js';
import { temporaryFolder } from '../temporaryFolder.js';

const line = (step: number, values: Record<string, number> = {}) => `${JSON.stringify({ step, ...values })}\n`;

describe('a followed log', () => {
  it('reads what was appended, and a line only when it is complete', async () => {
    const file = join(temporaryFolder(), 'log.jsonl');
    const log = new FollowedLog(await OwnFolder.at(dirname(file)));
    await log.read();
    expect(log.steps).toEqual([]);
    writeFileSync(file, line(1, { loss: 5 }) + '{"step":2,"lo');
    await log.read();
    expect(log.steps).toEqual([1]);
    appendFileSync(file, `ss":4,"rate":1}\n`);
    await log.read();
    expect(log.steps).toEqual([1, 2]);
    expect(log.columns.get('rate')).toEqual([NaN, 1]);
    expect(log.entriesFrom(0)).toEqual([
      { step: 1, loss: 5 },
      { step: 2, loss: 4, rate: 1 },
    ]);
    expect(log.entriesFrom(1)).toHaveLength(1);
  });

  it('begins again when the log is replaced, as by a rollback', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'log.jsonl');
    writeFileSync(file, line(1) + line(2) + line(3));
    const log = new FollowedLog(await OwnFolder.at(dirname(file)));
    await log.read();
    const { generation } = log;
    rmSync(file);
    writeFileSync(file, line(1) + line(2, { loss: 7 }));
    await log.read();
    expect(log.steps).toEqual([1, 2]);
    expect(log.columns.get('loss')).toEqual([NaN, 7]);
    expect(log.generation).toBeGreaterThan(generation);
    rmSync(file);
    await log.read();
    expect(log.steps).toEqual([]);
  });

  it('takes the later of two entries of an iteration', async () => {
    const file = join(temporaryFolder(), 'log.jsonl');
    writeFileSync(file, line(1, { loss: 1 }) + line(2, { loss: 2 }) + line(2, { loss: 3 }));
    const log = new FollowedLog(await OwnFolder.at(dirname(file)));
    await log.read();
    expect(log.columns.get('loss')).toEqual([1, 3]);
  });

  it('skips lines that are no entries, however long', async () => {
    const file = join(temporaryFolder(), 'log.jsonl');
    writeFileSync(file, `null\n[]\n{"step":"1"}\n${'x'.repeat(3 * 2 ** 20)}\n${line(4)}`);
    const log = new FollowedLog(await OwnFolder.at(dirname(file)));
    await log.read();
    expect(log.steps).toEqual([4]);
  });

  it('reads a log of 100,000 entries', async () => {
    const file = join(temporaryFolder(), 'log.jsonl');
    writeFileSync(file, Array.from({ length: 100_000 }, (_, index) => line(index + 1, { loss: index })).join(''));
    const log = new FollowedLog(await OwnFolder.at(dirname(file)));
    await Promise.all([log.read(), log.read()]);
    expect(log.steps).toHaveLength(100_000);
    expect(log.columns.get('loss')!.at(-1)).toBe(99_999);
  });

  it('is empty if a folder is in its place', async () => {
    const file = join(temporaryFolder(), 'log.jsonl');
    mkdirSync(file);
    const log = new FollowedLog(await OwnFolder.at(dirname(file)));
    await log.read();
    expect(log.steps).toEqual([]);
  });
});
