import { encode } from 'fast-png';
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../../src/training/events.js';
import type { RunFolder } from '../../src/runs/runFolder.node.js';
import {
  crc32c,
  fileVersionRecord,
  sessionStartRecord,
  summaryRecord,
  TensorBoardLog,
} from '../../src/runs/tensorBoard.node.js';
import { errorOf } from '../rejection.js';
import { dataOf, fieldsOf, shownScalars, shownValues, text } from '../training/eventReader.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { compileBroken, resumed, logOf, newFolder, trained } from '../training/trainings.js';

const configuration = tinyConfiguration({ length: { steps: 7 }, logEvery: 2, checkpointEvery: 3 });

/** An event file in a folder, by a clock that starts at a time of its own. */
const boardIn = ({ files }: RunFolder, every = configuration.logEvery, seconds = 1000): TensorBoardLog =>
  new TensorBoardLog(files, every, () => seconds++);

const tagOf = (name: string): string => (name === 'learning_rate' ? 'train/learning_rate' : name.replace('.', '/'));

/** Steps, tags and values are those of the log, in the precision of these files. */
function expectTheLog(folder: RunFolder): void {
  const logged = logOf(folder).map(({ step, epoch: _, ...scalars }) => [
    step,
    Object.fromEntries(Object.entries(scalars).map(([name, value]) => [tagOf(name), Math.fround(value)])),
  ]);
  expect([...shownScalars(folder.path)]).toEqual(logged);
}

describe('the event file of a training run', () => {
  it('has the contents of the log', async () => {
    const folder = await newFolder(configuration);
    const board = boardIn(folder);
    await trained(configuration, { folder, subscribers: [board.onEvent] });
    expect([...shownScalars(folder.path).keys()]).toEqual([1, 2, 4, 6]);
    expectTheLog(folder);
  });

  it('groups all tags by a name before a slash', async () => {
    const folder = await newFolder(configuration);
    const board = boardIn(folder);
    await board.onEvent({
      type: 'iteration',
      report: { step: 2, epoch: 0, learningRate: 0.5, scalars: { 'encoder.KL_real': 1, 'generator.match_z': 2 } },
    });
    await board.onEvent({
      type: 'evaluation',
      epochs: 1,
      step: 3,
      file: 'evaluation-000003.json',
      metrics: { fid: 4 },
      isBest: false,
    });
    expect([...shownScalars(folder.path)]).toEqual([
      [2, { 'train/learning_rate': 0.5, 'encoder/KL_real': 1, 'generator/match_z': 2 }],
      [3, { 'evaluation/fid': 4 }],
    ]);
  });

  it('shows the previews of each iteration that wrote some', async () => {
    const folder = await newFolder(configuration);
    const files = Object.fromEntries(
      ['samples', 'reconstructions'].map((name) => [name, join(folder.path, `${name}.png`)]),
    ) as Record<'samples' | 'reconstructions', string>;
    const pngs = {
      samples: encode({ width: 3, height: 2, channels: 1, data: new Uint8Array(6).fill(7) }),
      reconstructions: encode({ width: 1, height: 4, channels: 3, data: new Uint8Array(12) }),
    };
    for (const name of ['samples', 'reconstructions'] as const) writeFileSync(files[name], pngs[name]);
    const board = boardIn(folder);
    await board.onEvent({ type: 'previews', step: 5, ...files });
    rmSync(files.samples);
    await board.onEvent({ type: 'previews', step: 6, ...files });
    const reconstructions = { height: 4, width: 1, colorspace: 3, encoded: pngs.reconstructions };
    expect([...shownValues(folder.path)]).toEqual([
      [
        5,
        {
          'previews/samples': { height: 2, width: 3, colorspace: 1, encoded: pngs.samples },
          'previews/reconstructions': reconstructions,
        },
      ],
      [6, { 'previews/reconstructions': reconstructions }],
    ]);
  });

  it('has the contents of the log after a process was killed between two checkpoints', async () => {
    const folder = await newFolder(configuration);
    const [first, second] = [boardIn(folder, 2), boardIn(folder, 3, 2000)];
    const killed = new Error('killed');
    const onEvent = async (event: TrainingEvent) => {
      await first.onEvent(event);
      if (event.type === 'iteration' && event.report.step === 4) throw killed;
    };
    expect(await errorOf(() => trained(configuration, { folder, subscribers: [onEvent] }))).toBe(killed);
    expect([...shownScalars(folder.path).keys()]).toEqual([1, 2, 4]);
    await resumed({ ...configuration, logEvery: 3 }, folder, { subscribers: [second.onEvent] });
    expect([...shownScalars(folder.path).keys()]).toEqual([1, 2, 6]);
    expectTheLog(folder);
  });

  it('has the contents of the log after a rollback', async () => {
    const back = { ...configuration, onNan: 'rollback' } as const;
    const folder = await newFolder(back);
    const board = boardIn(folder);
    const compile = compileBroken([{ step: 5, rate: back.learningRate }]);
    await trained(back, { folder, compile, subscribers: [board.onEvent] });
    expectTheLog(folder);
  });

  it('has complete records after failed and partial writes', async () => {
    const folder = await newFolder(configuration);
    const board = boardIn(folder);
    const iteration = (step: number) =>
      board.onEvent({ type: 'iteration', report: { step, epoch: 0, learningRate: step, scalars: {} } });
    await iteration(2);
    appendFileSync(
      join(
        folder.path,
        readdirSync(folder.path).find((name) => name.includes('tfevents'))!,
      ),
      'half a record',
    );
    renameSync(folder.path, `${folder.path}-aside`);
    await iteration(4);
    renameSync(`${folder.path}-aside`, folder.path);
    await iteration(6);
    expect([...shownScalars(folder.path)]).toEqual([2, 4, 6].map((step) => [step, { 'train/learning_rate': step }]));
  });
});

describe('an event file', () => {
  it('is not written through a link', async () => {
    const folder = await newFolder(configuration);
    const board = boardIn(folder);
    const iteration = (step: number) =>
      board.onEvent({ type: 'iteration', report: { step, epoch: 0, learningRate: step, scalars: {} } });
    await iteration(2);
    const file = join(
      folder.path,
      readdirSync(folder.path).find((name) => name.includes('tfevents'))!,
    );
    renameSync(file, `${file}-aside`);
    const before = readFileSync(`${file}-aside`);
    symlinkSync(`${file}-aside`, file);
    await iteration(4);
    expect(readFileSync(`${file}-aside`)).toEqual(before);
    rmSync(file);
    renameSync(`${file}-aside`, file);
    await iteration(6);
    expect([...shownScalars(folder.path).keys()]).toEqual([2, 4, 6]);
  });

  it('has the checksums of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  it('starts with its version', () => {
    const [time, version] = fieldsOf(dataOf(fileVersionRecord(1.5)));
    expect(time).toEqual({ field: 1, value: 1.5 });
    expect([version!.field, text(version!.value)]).toEqual([3, 'brain.Event:2']);
  });

  it.each([1, 127, 128, 300, 2 ** 31, 2 ** 40])('contains scalars of iteration %i under their tags', (step) => {
    const [time, found, summary] = fieldsOf(
      dataOf(summaryRecord(step, 1700000000.25, { 'encoder/KL_real': 0.5, rate: -3 })),
    );
    expect(time).toEqual({ field: 1, value: 1700000000.25 });
    expect(found).toEqual({ field: 2, value: step });
    expect(summary!.field).toBe(5);
    const values = fieldsOf(summary!.value as Uint8Array).map(({ field, value }) => {
      const [tag, scalar] = fieldsOf(value as Uint8Array);
      return [field, tag!.field, text(tag!.value), scalar!.field, scalar!.value];
    });
    expect(values).toEqual([
      [1, 1, 'encoder/KL_real', 2, 0.5],
      [1, 1, 'rate', 2, -3],
    ]);
  });

  it('records from which iteration earlier entries are invalid', () => {
    const [time, step, session] = fieldsOf(dataOf(sessionStartRecord(300, 2.5)));
    expect([time, step]).toEqual([
      { field: 1, value: 2.5 },
      { field: 2, value: 300 },
    ]);
    expect([session!.field, fieldsOf(session!.value as Uint8Array)]).toEqual([7, [{ field: 1, value: 1 }]]);
  });
});
