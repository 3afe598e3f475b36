import type { TrainingEvent } from './events.js';

/** Iteration events that wait for the consumer; of more, the oldest are dropped. */
const MAX_ITERATIONS = 256;
/** Other events that wait; for more, training waits. */
const MAX_OTHERS = 64;

/**
 * Events between a training and a consumer that may be slower, in bounded memory. Iteration events that the consumer does not keep up
 * with are dropped, the oldest first; all others are delivered.
 */
export class EventQueue {
  private waiting: TrainingEvent[] = [];
  private isClosed = false;
  /** Called when the queue has changed: by whoever pushes for the consumer, by the consumer for a training that waits. */
  private wakeConsumer: () => void = () => undefined;
  private wakeProducer: () => void = () => undefined;

  /** Adds an event. The promise resolves once there is room for further ones. */
  readonly push = async (event: TrainingEvent): Promise<void> => {
    if (this.isClosed) return;
    this.waiting.push(event);
    if (this.count('iteration') > MAX_ITERATIONS)
      this.waiting.splice(
        this.waiting.findIndex(({ type }) => type === 'iteration'),
        1,
      );
    this.wakeConsumer();
    while (!this.isClosed && this.waiting.length - this.count('iteration') > MAX_OTHERS) await new Promise<void>((resolve) => (this.wakeProducer = resolve));
  };

  /** Ends the queue: the consumer receives what waits, and nobody waits for the consumer any more. */
  close(): void {
    this.isClosed = true;
    this.wakeConsumer();
    this.wakeProducer();
  }

  /** Takes the events in order until the queue is closed and empty. */
  async *take(): AsyncGenerator<TrainingEvent, void> {
    while (!this.isClosed || this.waiting.length > 0) {
      const event = this.waiting.shift();
      this.wakeProducer();
      if (event !== undefined) yield event;
      else await new Promise<void>((resolve) => (this.wakeConsumer = resolve));
    }
  }

  private count(type: TrainingEvent['type']): number {
    return this.waiting.reduce((count, event) => count + (event.type === type ? 1 : 0), 0);
  }
}
