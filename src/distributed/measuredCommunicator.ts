import type { Communicator } from '../engine/runtime/communicator.js';

export interface CollectiveCost {
  /** Reductions and gatherings. */
  readonly messages: number;
  /** Sent by this rank. */
  readonly bytes: number;
  /** Bytes of gatherings: a rank receives as many from every other. */
  readonly gathered: number;
  /** Includes waiting for other ranks. */
  readonly seconds: number;
}

const NOTHING: CollectiveCost = { messages: 0, bytes: 0, gathered: 0, seconds: 0 };

/** `take` returns the cost since the last call. */
export function measureCommunicator(
  communicator: Communicator,
): Communicator & { readonly take: () => CollectiveCost } {
  let total = NOTHING;
  const measured =
    (isGathering: boolean, send: Communicator['allGather']) => (input: Float32Array, output: Float32Array) => {
      const start = performance.now();
      send(input, output);
      total = {
        messages: total.messages + 1,
        bytes: total.bytes + input.byteLength,
        gathered: total.gathered + (isGathering ? input.byteLength : 0),
        seconds: total.seconds + (performance.now() - start) / 1000,
      };
    };
  return {
    ...communicator,
    allReduceSum: measured(false, communicator.allReduceSum),
    allGather: measured(true, communicator.allGather),
    take: () => {
      const taken = total;
      total = NOTHING;
      return taken;
    },
  };
}
