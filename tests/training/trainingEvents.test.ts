import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../../src/training/events.js';
import { trainingEvents } from '../../src/runs/train.node.js';
import { errorOf } from '../rejection.js';
import { tinyConfiguration } from './tinyTraining.js';
import { compile, compileBroken, goneOn, latestOf, logOf, newFolder, source, stepsOf, trained } from './trainings.js';

/** An event without paths and times, which no two trainings have in common. */
const essence = (event: TrainingEvent): unknown => {
  switch (event.type) {
    case 'pictures':
    case 'checkpoint':
      return [event.type, event.step];
    case 'end':
      return [event.type, event.summary.steps, event.summary.interrupted];
    default:
      return event;
  }
};

describe('the events of a training', () => {
  it('are those that it tells, in the same order, to the end', async () => {
    const configuration = tinyConfiguration({ sampleEvery: 2, checkpointEvery: 3 });
    const events: TrainingEvent[] = [];
    for await (const event of trainingEvents({ configuration, source, folder: await newFolder(configuration), compile })) events.push(event);
    const told = await trained(configuration);
    expect(events.map(essence)).toEqual(told.events.map(essence));
    expect(events.at(-1)?.type).toBe('end');
  });

  it('are not lost on a reader who takes his time', async () => {
    const configuration = tinyConfiguration({ length: { steps: 3 } });
    const steps: number[] = [];
    for await (const event of trainingEvents({ configuration, source, folder: await newFolder(configuration), compile })) {
      if (event.type === 'iteration') steps.push(event.report.step);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(steps).toEqual([1, 2, 3]);
  });

  it('that are left early stop the training, which is saved and can go on', async () => {
    const configuration = tinyConfiguration({ length: { steps: 1_000_000 } });
    const folder = await newFolder(configuration);
    for await (const event of trainingEvents({ configuration, source, folder, compile })) if (event.type === 'iteration' && event.report.step === 2) break;
    const { step } = await latestOf(folder);
    expect(step).toBeGreaterThanOrEqual(2);
    expect(step).toBeLessThan(1000);
    expect(existsSync(join(folder.path, '.lock'))).toBe(false);
    expect(stepsOf(folder)).toHaveLength(step);

    const longer = tinyConfiguration({ length: { steps: step + 1 } });
    const [again, whole] = [await goneOn(longer, folder), await trained(longer)];
    expect(readFileSync(again.summary.checkpoint)).toEqual(readFileSync(whole.summary.checkpoint));
    expect(logOf(folder)).toEqual(logOf(whole.folder));
  });

  it('stop the training where the loop around them fails, whose error comes out', async () => {
    const configuration = tinyConfiguration({ length: { steps: 1_000_000 } });
    const folder = await newFolder(configuration);
    const error = await errorOf(async () => {
      for await (const event of trainingEvents({ configuration, source, folder, compile })) if (event.type === 'iteration') throw new Error('mine');
    });
    expect((error as Error).message).toBe('mine');
    expect((await latestOf(folder)).step).toBeGreaterThan(0);
  });

  it('end with the error of the training, after all that it told before', async () => {
    const configuration = tinyConfiguration();
    const folder = await newFolder(configuration);
    const types: string[] = [];
    const error = await errorOf(async () => {
      const events = trainingEvents({ configuration, source, folder, compile: compileBroken([{ step: 3, rate: configuration.learningRate }]) });
      for await (const { type } of events) types.push(type);
    });
    expect((error as Error).message).toMatch(/^iteration 3: encoder\.\w+ is NaN/);
    expect(types).toEqual(['start', 'iteration', 'iteration']);
  });
});
