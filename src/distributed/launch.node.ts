/** How this process was started: as which of several, and on which cores. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, hostname } from 'node:os';
import type { Communicator } from '../engine/runtime/communicator.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the number of this process among those that `mpirun` or `srun --mpi=pmix` has started together, or undefined
 * if it is alone.
 */
export function launchedRank(environment: Environment = process.env): number | undefined {
  const rank = environment.OMPI_COMM_WORLD_RANK ?? environment.PMIX_RANK;
  const size = environment.OMPI_COMM_WORLD_SIZE ?? environment.SLURM_STEP_NUM_TASKS;
  return rank === undefined || size === '1' ? undefined : Number(rank);
}

/**
 * Returns the number of cores for a rank. Launchers bind ranks to cores, several to the same if they are few.
 * @param place the host and the cores, as a text that only ranks on the same cores have
 * @param available the number of these cores
 */
export function coresOf(
  { size, allGather }: Communicator,
  place = ownPlace(),
  available = availableParallelism(),
): number {
  // A float32 represents every number of 24 bits.
  const own = createHash('sha256').update(place).digest().readUIntBE(0, 3);
  const places = new Float32Array(size);
  allGather(Float32Array.of(own), places);
  return Math.max(1, Math.floor(available / places.filter((each) => each === own).length));
}

/** Returns a line on cores that no rank uses because `mpirun` has bound each to a few, if there are any. */
export function bindingNote(
  cores: number,
  environment: Environment = process.env,
  all = cpus().length,
): string | undefined {
  const { OMPI_MCA_orte_bound_at_launch: isBound, OMPI_COMM_WORLD_LOCAL_SIZE: ranks } = environment;
  if (isBound !== '1' || cores * Number(ranks) >= all) return undefined;
  return `mpirun has bound ${ranks} processes to ${cores} of ${all} cores each; start it with --bind-to none, or give each more`;
}

function ownPlace(): string {
  let status = '';
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    // Only Linux has this file.
  }
  return `${hostname()} ${/^Cpus_allowed_list:.*$/m.exec(status)?.[0] ?? ''}`;
}
