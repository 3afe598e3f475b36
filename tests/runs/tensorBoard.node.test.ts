import { appendFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../../src/training/events.js';
import type { RunFolder } from '../../src/runs/runFolder.node.js';
import { TensorBoardLog } from '../../src/runs/tensorBoard.node.js';
import { errorOf } from '../rejection.js';
import { shownScalars } from '../training/eventReader.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { compileBroken, goneOn, logOf, newFolder, trained } from '../training/trainings.js';

const configuration = tinyConfiguration({ length: { steps: 7 }, logEvery: 2, checkpointEvery: 3 });

/** An event file in a folder, by a clock that starts at a time of its own. */
const boardIn = ({ path }: RunFolder, every = configuration.logEvery, seconds = 1000): TensorBoardLog => new TensorBoardLog(path, every, () => seconds++);

/** Steps, tags and values are those of the log, in the precision of these files. */
function expectTheLog(folder: RunFolder): void {
  const logged = logOf(folder).map(({ step, epoch: _, ...scalars }) => [
    step,
    Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, Math.fround(value)])),
  ]);
  expect([...shownScalars(folder.path)]).toEqual(logged);
}

describe("a training's event file", () => {
  it('shows what is in the log', async () => {
    const folder = await newFolder(configuration);
    const board = boardIn(folder);
    await trained(configuration, { folder, onEvent: (event) => board.onEvent(event) });
    expect([...shownScalars(folder.path).keys()]).toEqual([1, 2, 4, 6]);
    expectTheLog(folder);
  });

  it('shows what is in the log also after a process was killed between two checkpoints', async () => {
    const folder = await newFolder(configuration);
    const [first, second] = [boardIn(folder, 2), boardIn(folder, 3, 2000)];
    const killed = new Error('killed');
    const onEvent = (event: TrainingEvent) => {
      first.onEvent(event);
      if (event.type === 'iteration' && event.report.step === 4) throw killed;
    };
    expect(await errorOf(() => trained(configuration, { folder, onEvent }))).toBe(killed);
    expect([...shownScalars(folder.path).keys()]).toEqual([1, 2, 4]);
    await goneOn({ ...configuration, logEvery: 3 }, folder, { onEvent: (event) => second.onEvent(event) });
    expect([...shownScalars(folder.path).keys()]).toEqual([1, 2, 6]);
    expectTheLog(folder);
  });

  it('shows what is in the log also after the training went back', async () => {
    const back = { ...configuration, onNan: 'rollback' } as const;
    const folder = await newFolder(back);
    const board = boardIn(folder);
    const compile = compileBroken([{ step: 5, rate: back.learningRate }]);
    await trained(back, { folder, compile, onEvent: (event) => board.onEvent(event) });
    expectTheLog(folder);
  });

  it('has whole records also after they could not be written, or in part, for a while', async () => {
    const folder = await newFolder(configuration);
    const board = boardIn(folder);
    const iteration = (step: number) => board.onEvent({ type: 'iteration', report: { step, epoch: 0, learningRate: step, scalars: {} } });
    iteration(2);
    appendFileSync(
      join(
        folder.path,
        readdirSync(folder.path).find((name) => name.includes('tfevents'))!,
      ),
      'half a record',
    );
    renameSync(folder.path, `${folder.path}-aside`);
    iteration(4);
    renameSync(`${folder.path}-aside`, folder.path);
    iteration(6);
    expect([...shownScalars(folder.path)]).toEqual([2, 4, 6].map((step) => [step, { learning_rate: step }]));
  });
});
