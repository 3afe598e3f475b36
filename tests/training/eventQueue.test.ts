import { describe, expect, it } from 'vitest';
import { EventQueue } from '../../src/training/eventQueue.js';
import type { TrainingEvent } from '../../src/training/events.js';

const iteration = (step: number): TrainingEvent => ({ type: 'iteration', report: { step, epoch: 0, learningRate: 1, scalars: {} } });
const checkpoint = (step: number): TrainingEvent => ({ type: 'checkpoint', step, file: `${step}` });

/** What has resolved by now, of promises. */
async function settled(promises: readonly Promise<void>[]): Promise<number> {
  let count = 0;
  for (const promise of promises) void promise.then(() => count++);
  await new Promise(setImmediate);
  return count;
}

async function rest(queue: EventQueue): Promise<TrainingEvent[]> {
  queue.close();
  const events: TrainingEvent[] = [];
  for await (const event of queue.take()) events.push(event);
  return events;
}

describe('events for a slow consumer', () => {
  it('of iterations are bounded in number: the newest stay', async () => {
    const queue = new EventQueue();
    for (let step = 1; step <= 100_000; step++) await queue.push(iteration(step));
    const events = await rest(queue);
    expect(events.length).toBeLessThanOrEqual(256);
    expect(events.at(-1)).toEqual(iteration(100_000));
  });

  it('of other kinds are never dropped, and keep their order: training waits for room', async () => {
    const queue = new EventQueue();
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

  it('hold nobody up once the consumer has gone', async () => {
    const queue = new EventQueue();
    const pushed = Array.from({ length: 100 }, (_, step) => queue.push(checkpoint(step)));
    queue.close();
    expect(await settled(pushed)).toBe(100);
    expect(await settled([queue.push(checkpoint(1))])).toBe(1);
  });
});
