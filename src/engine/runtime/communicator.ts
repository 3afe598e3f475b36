import { InputError } from '../../errors.js';

/**
 * The connection of a process to the others that compute one graph with it (ranks). Calls block, and all ranks make the same ones in the same order.
 * Tensors are float32.
 */
export interface Communicator {
  /** The number of this process, 0 to `size` - 1. */
  readonly rank: number;
  readonly size: number;
  /** Sums each element over all ranks; every rank gets the same bits. */
  readonly allReduceSum: (input: Float32Array, output: Float32Array) => void;
  /** Concatenates the tensors of all ranks, of one size, in the order of ranks. */
  readonly allGather: (input: Float32Array, output: Float32Array) => void;
  /** Replaces the bytes of every rank by those of rank 0. */
  readonly broadcast: (bytes: Uint8Array) => void;
  /** Returns when all ranks have called it. */
  readonly barrier: () => void;
}

/** A process on its own. */
export const ALONE: Communicator = {
  rank: 0,
  size: 1,
  allReduceSum: (input, output) => output.set(input),
  allGather: (input, output) => output.set(input),
  broadcast: () => undefined,
  barrier: () => undefined,
};

/**
 * Compares what all ranks have.
 * @param digest bytes, as many on every rank
 * @param difference what it means that they differ, and what to do
 * @throws {InputError} on every rank, with the ranks whose digest differs from that of rank 0
 */
export function requireSame(
  communicator: Communicator,
  digest: Uint8Array,
  { problem, remedy }: { readonly problem: string; readonly remedy: string },
): void {
  const ranks = differingRanks(communicator, digest);
  if (ranks.length > 0)
    throw new InputError(`${ranks.length > 1 ? 'ranks' : 'rank'} ${ranks.join(', ')} and rank 0`, problem, remedy);
}

function differingRanks({ size, allGather }: Communicator, digest: Uint8Array): number[] {
  // As numbers, because as bits they could be NaN, which has several representations.
  const own = Float32Array.from(digest);
  const all = new Float32Array(size * own.length);
  allGather(own, all);
  const digestOf = (rank: number) => all.subarray(rank * own.length, (rank + 1) * own.length);
  return Array.from({ length: size }, (_, rank) => rank).filter((rank) =>
    digestOf(rank).some((byte, index) => byte !== all[index]),
  );
}
