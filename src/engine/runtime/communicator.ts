import { InputError, type Text } from '../../errors.js';

/**
 * Connects a process to the others that compute one graph with it (ranks). Calls block. All ranks make the same calls
 * in the same order. Tensors are float32.
 */
export interface Communicator {
  /** The number of this process, 0 to `size` - 1. */
  rank: number;
  size: number;
  /** Sums each element over all ranks; every rank gets the same bits. */
  allReduceSum: (input: Float32Array, output: Float32Array) => void;
  /** Concatenates the tensors of all ranks, of one size, in the order of ranks. */
  allGather: (input: Float32Array, output: Float32Array) => void;
  /** Replaces the bytes of every rank by those of rank 0. */
  broadcast: (bytes: Uint8Array) => void;
  /** Returns when all ranks have called it. */
  barrier: () => void;
}

export const ALONE: Communicator = {
  rank: 0,
  size: 1,
  allReduceSum: (input, output) => output.set(input),
  allGather: (input, output) => output.set(input),
  broadcast: () => undefined,
  barrier: () => undefined,
};

/**
 * Compares a digest, of one length, on all ranks.
 * @throws {InputError} on every rank, if any digest differs from that of rank 0
 */
export function requireSame(communicator: Communicator, digest: Uint8Array, about: Text, remedy: Text): void {
  const { size, allGather } = communicator;
  // As numbers, because as bits they could be NaN, which has several representations.
  const own = Float32Array.from(digest);
  const all = new Float32Array(size * own.length);
  allGather(own, all);
  const ranks = [...Array(size).keys()].filter((rank) =>
    own.some((_, index) => all[rank * own.length + index] !== all[index]),
  );
  if (ranks.length > 0) throw new InputError(about, `not the same on ranks ${[0, ...ranks].join(', ')}`, remedy);
}
