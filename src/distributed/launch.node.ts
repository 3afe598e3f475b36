import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, hostname } from 'node:os';
import type { Communicator } from '../engine/runtime/communicator.js';

type Environment = Record<string, string | undefined>;

/** Returns the rank from `mpirun` or `srun --mpi=pmix`, or undefined if this process is alone. */
export function launchedRank(environment: Environment = process.env) {
  const rank = environment.OMPI_COMM_WORLD_RANK ?? environment.PMIX_RANK;
  const size = environment.OMPI_COMM_WORLD_SIZE ?? environment.SLURM_STEP_NUM_TASKS;
  return rank === undefined || size === '1' ? undefined : Number(rank);
}

/** Launchers may bind several ranks to the same cores. `place` identifies host and cores. */
export function coresOf({ size, allGather }: Communicator, place = ownPlace(), available = availableParallelism()) {
  // A float32 represents every number of 24 bits.
  const own = createHash('sha256').update(place).digest().readUIntBE(0, 3);
  const places = new Float32Array(size);
  allGather(Float32Array.of(own), places);
  return Math.max(1, Math.floor(available / places.filter((each) => each === own).length));
}

/** Returns a line if `mpirun` has bound ranks so that cores stay idle. */
export function bindingNote(cores: number, environment: Environment = process.env, all = cpus().length) {
  const { OMPI_MCA_orte_bound_at_launch: isBound, OMPI_COMM_WORLD_LOCAL_SIZE: ranks } = environment;
  if (isBound !== '1' || cores * Number(ranks) >= all) return undefined;
  return `mpirun has bound ${ranks} processes to ${cores} of ${all} cores each; start it with --bind-to none, or give each more`;
}

function ownPlace() {
  let status = '';
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    // Only Linux has this file.
  }
  return `${hostname()} ${/^Cpus_allowed_list:.*$/m.exec(status)?.[0] ?? ''}`;
}
