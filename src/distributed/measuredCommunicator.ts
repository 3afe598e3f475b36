import type { Communicator } from '../engine/runtime/communicator.js';

/** What operators over ranks have cost. */
export interface CollectiveCost {
  /** Reductions and gatherings. */
  readonly messages: number;
  /** Bytes that this rank has put in. */
  readonly bytes: number;
  /** Those of gatherings, of which a rank receives as many from every other. */
  readonly gathered: number;
  /** Time in them, which includes waiting for other ranks. */
  readonly seconds: number;
}

const NOTHING: CollectiveCost = { messages: 0, bytes: 0, gathered: 0, seconds: 0 };

/** A communicator that measures the reductions and gatherings of another one. */
export class MeasuredCommunicator implements Communicator {
  private total = NOTHING;

  constructor(private readonly measured: Communicator) {}

  get rank(): number {
    return this.measured.rank;
  }

  get size(): number {
    return this.measured.size;
  }

  readonly allReduceSum = (input: Float32Array, output: Float32Array): void =>
    this.measure(input, 0, () => this.measured.allReduceSum(input, output));
  readonly allGather = (input: Float32Array, output: Float32Array): void =>
    this.measure(input, input.byteLength, () => this.measured.allGather(input, output));
  readonly broadcast = (bytes: Uint8Array): void => this.measured.broadcast(bytes);
  readonly barrier = (): void => this.measured.barrier();

  /** The cost since the last call. */
  take(): CollectiveCost {
    const { total } = this;
    this.total = NOTHING;
    return total;
  }

  private measure({ byteLength }: Float32Array, gathered: number, work: () => void): void {
    const start = performance.now();
    work();
    const { total } = this;
    this.total = {
      messages: total.messages + 1,
      bytes: total.bytes + byteLength,
      gathered: total.gathered + gathered,
      seconds: total.seconds + (performance.now() - start) / 1000,
    };
  }
}
