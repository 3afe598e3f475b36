import type { Communicator } from '../engine/runtime/communicator.js';

const NOTHING = {
  /** Reductions and gatherings. */
  messages: 0,
  /** Sent by this rank. */
  bytes: 0,
  /** Those of gatherings; every other rank sends as many. */
  gathered: 0,
  /** Includes waiting for other ranks. */
  seconds: 0,
};

export type CollectiveCost = Readonly<typeof NOTHING>;

/** `take` returns the cost since the last call. */
export function measureCommunicator(communicator: Communicator) {
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
