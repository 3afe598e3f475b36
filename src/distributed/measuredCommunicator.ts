import type { Communicator } from '../engine/runtime/communicator.js';

/** What operators over ranks have cost. */
export interface CollectiveCost {
  /** Reductions and gatherings. */
  readonly messages: number;
  /** Bytes that this rank has put in. */
  readonly bytes: number;
  /** Time in them, which includes waiting for other ranks. */
  readonly seconds: number;
}

/** A communicator that measures the reductions and gatherings of another one. */
export class MeasuredCommunicator implements Communicator {
  private total: CollectiveCost = { messages: 0, bytes: 0, seconds: 0 };

  constructor(private readonly measured: Communicator) {}

  get rank(): number {
    return this.measured.rank;
  }

  get size(): number {
    return this.measured.size;
  }

  readonly allReduceSum = (input: Float32Array, output: Float32Array): void => this.measure(input, () => this.measured.allReduceSum(input, output));
  readonly allGather = (input: Float32Array, output: Float32Array): void => this.measure(input, () => this.measured.allGather(input, output));
  readonly broadcast = (bytes: Uint8Array): void => this.measured.broadcast(bytes);
  readonly barrier = (): void => this.measured.barrier();

  /** The cost since the last call. */
  take(): CollectiveCost {
    const { total } = this;
    this.total = { messages: 0, bytes: 0, seconds: 0 };
    return total;
  }

  private measure(input: Float32Array, work: () => void): void {
    const start = performance.now();
    work();
    const { messages, bytes, seconds } = this.total;
    this.total = { messages: messages + 1, bytes: bytes + input.byteLength, seconds: seconds + (performance.now() - start) / 1000 };
  }
}
