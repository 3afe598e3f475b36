import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../src/training/configuration.js';
import { EventQueue, eventsOf, type TrainingEvent } from '../../src/training/events.js';
import { runTraining } from '../../src/training/trainingLoop.js';
import type { RunFolder } from '../../src/runs/runFolder.node.js';
import { errorOf } from '../rejection.js';
import { tinyConfiguration } from './tinyTraining.js';
import { compile, compileBroken, resumed, latestOf, logOf, newFolder, source, stepsOf, trained } from './trainings.js';

/** The events of a training into a folder. */
const trainingEvents = (configuration: Configuration, store: RunFolder, compileOn = compile) =>
  eventsOf<TrainingEvent>((onEvent, signal) =>
    runTraining({ configuration, source, store, compile: compileOn, signal, subscribers: [onEvent] }),
  );

/** An event without paths and times, which no two trainings have in common. */
const essence = (event: TrainingEvent): unknown => {
  switch (event.type) {
    case 'previews':
    case 'checkpoint':
      return [event.type, event.step];
    case 'start':
      return [event.type, event.step, event.totalSteps];
    case 'trained':
      return [event.type, event.summary.steps, event.summary.interrupted];
    default:
      return event;
  }
};

describe('training events', () => {
  it('arrive in order until the end', async () => {
    const configuration = tinyConfiguration({ sampleEvery: 2, checkpointEvery: 3 });
    const events: TrainingEvent[] = [];
    for await (const event of trainingEvents(configuration, await newFolder(configuration))) events.push(event);
    const told = await trained(configuration);
    expect(events.map(essence)).toEqual(told.events.map(essence));
    expect(events.at(-1)?.type).toBe('trained');
  });

  it('are not lost for a slow reader', async () => {
    const configuration = tinyConfiguration({ length: { steps: 3 } });
    const steps: number[] = [];
    for await (const event of trainingEvents(configuration, await newFolder(configuration))) {
      if (event.type === 'iteration') steps.push(event.report.step);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(steps).toEqual([1, 2, 3]);
  });

  it('stop and save training when the loop exits early, so that it can resume', async () => {
    const configuration = tinyConfiguration({ length: { steps: 1_000_000 } });
    const folder = await newFolder(configuration);
    for await (const event of trainingEvents(configuration, folder))
      if (event.type === 'iteration' && event.report.step === 2) break;
    const { step } = await latestOf(folder);
    expect(step).toBeGreaterThanOrEqual(2);
    expect(step).toBeLessThan(1000);
    expect(existsSync(join(folder.path, '.lock'))).toBe(false);
    expect(stepsOf(folder)).toHaveLength(step);

    const longer = tinyConfiguration({ length: { steps: step + 1 } });
    const [again, whole] = [await resumed(longer, folder), await trained(longer)];
    expect(readFileSync(again.summary.checkpoint)).toEqual(readFileSync(whole.summary.checkpoint));
    expect(logOf(folder)).toEqual(logOf(whole.folder));
  });

  it('stop training when the loop body throws, and rethrow its error', async () => {
    const configuration = tinyConfiguration({ length: { steps: 1_000_000 } });
    const folder = await newFolder(configuration);
    const error = await errorOf(async () => {
      for await (const event of trainingEvents(configuration, folder))
        if (event.type === 'iteration') throw new Error('mine');
    });
    expect((error as Error).message).toBe('mine');
    expect((await latestOf(folder)).step).toBeGreaterThan(0);
  });

  it('end with the error of training, after all earlier events', async () => {
    const configuration = tinyConfiguration();
    const folder = await newFolder(configuration);
    const types: string[] = [];
    const error = await errorOf(async () => {
      const events = trainingEvents(
        configuration,
        folder,
        compileBroken([{ step: 3, rate: configuration.learningRate }]),
      );
      for await (const { type } of events) types.push(type);
    });
    expect((error as Error).message).toMatch(/^training diverged: encoder\.\w+ is NaN at iteration 3;/);
    expect(types).toEqual(['start', 'iteration', 'iteration']);
  });
});

const iteration = (step: number): TrainingEvent => ({
  type: 'iteration',
  report: { step, epoch: 0, learningRate: 1, scalars: {} },
});
const checkpoint = (step: number): TrainingEvent => ({ type: 'checkpoint', step, file: `${step}` });

/** What has resolved by now, of promises. */
async function settled(promises: readonly Promise<void>[]): Promise<number> {
  let count = 0;
  for (const promise of promises) void promise.then(() => count++);
  await new Promise(setImmediate);
  return count;
}

async function rest(queue: EventQueue<TrainingEvent>): Promise<TrainingEvent[]> {
  queue.close();
  const events: TrainingEvent[] = [];
  for await (const event of queue.take()) events.push(event);
  return events;
}

describe('events for a slow consumer', () => {
  it('of iterations are limited in number: the newest are kept', async () => {
    const queue = new EventQueue<TrainingEvent>();
    for (let step = 1; step <= 100_000; step++) await queue.push(iteration(step));
    const events = await rest(queue);
    expect(events.length).toBeLessThanOrEqual(256);
    expect(events.at(-1)).toEqual(iteration(100_000));
  });

  it('of other kinds are never dropped or reordered: training waits for space', async () => {
    const queue = new EventQueue<TrainingEvent>();
    const pushed: Promise<void>[] = [];
    for (let step = 1; step <= 100; step++) {
      pushed.push(queue.push(iteration(step)));
      pushed.push(queue.push(checkpoint(step)));
    }
    expect(await settled(pushed)).toBeLessThan(pushed.length);
    const events: TrainingEvent[] = [];
    for await (const event of queue.take()) {
      events.push(event);
      if (event.type === 'checkpoint' && event.step === 100) break;
    }
    expect(await settled(pushed)).toBe(pushed.length);
    expect(events.filter(({ type }) => type === 'checkpoint').map((event) => (event as { step: number }).step)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
  });

  it('do not block training after the consumer has gone', async () => {
    const queue = new EventQueue<TrainingEvent>();
    const pushed = Array.from({ length: 100 }, (_, step) => queue.push(checkpoint(step)));
    queue.close();
    expect(await settled(pushed)).toBe(100);
    expect(await settled([queue.push(checkpoint(1))])).toBe(1);
  });
});
