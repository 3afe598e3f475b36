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
  private readonly waiting: TrainingEvent[] = [];
  private isClosed = false;
  private wakers: (() => void)[] = [];

  /** Adds an event. The promise resolves once there is room for further ones. */
  readonly push = async (event: TrainingEvent): Promise<void> => {
    if (this.isClosed) return;
    this.waiting.push(event);
    if (this.iterations > MAX_ITERATIONS) {
      const oldest = this.waiting.findIndex(({ type }) => type === 'iteration');
      this.waiting.splice(oldest, 1);
    }
    this.wake();
    while (!this.isClosed && this.waiting.length - this.iterations > MAX_OTHERS) await this.change();
  };

  /** Ends the queue: the consumer receives what waits, and nobody waits for the consumer any more. */
  close(): void {
    this.isClosed = true;
    this.wake();
  }

  /** Takes the events in order until the queue is closed and empty. */
  async *take(): AsyncGenerator<TrainingEvent, void> {
    while (!this.isClosed || this.waiting.length > 0) {
      const event = this.waiting.shift();
      this.wake();
      if (event !== undefined) yield event;
      else await this.change();
    }
  }

  private get iterations(): number {
    return this.waiting.reduce((count, { type }) => count + (type === 'iteration' ? 1 : 0), 0);
  }

  /** Resolves at the next change of the queue. */
  private change(): Promise<void> {
    return new Promise((resolve) => this.wakers.push(resolve));
  }

  private wake(): void {
    const wakers = this.wakers;
    this.wakers = [];
    for (const wake of wakers) wake();
  }
}
