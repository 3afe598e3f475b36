/** Ranks that Open MPI starts and connects: `mpirun -n 4 ...`. */
import { InputError } from '../errors.js';
import type { Communicator } from '../engine/runtime/communicator.js';
import { type Koffi, loadKoffi, type Pointer } from '../engine/runtime/onnxRuntime.node.js';

/** The library of Open MPI 4 and 5, under its version-independent and its versioned names. */
const LIBRARIES = ['libmpi.so.40', 'libmpi.so'];

/** Set by `mpirun`, and by `srun --mpi=pmix`. */
const LAUNCHED = ['OMPI_COMM_WORLD_SIZE', 'PMIX_RANK'];

/** Whether this process was started as one of several. */
export const isLaunched = (environment: Readonly<Record<string, string | undefined>> = process.env): boolean =>
  LAUNCHED.some((name) => environment[name] !== undefined);

/** The connection to the ranks that were started together with this one. */
export interface World extends Communicator {
  /** Leaves. Without it, `mpirun` reports that the process ended abnormally. */
  readonly finalize: () => void;
}

/**
 * Connects to the ranks that were started together with this one.
 * @throws {InputError} if Open MPI's library cannot be loaded
 */
export async function connect(libraries: readonly string[] = LIBRARIES): Promise<World> {
  const koffi = await loadKoffi();
  const mpi = openLibrary(libraries, koffi.load);
  const call = (name: string, parameters: string) => {
    const native = mpi.func(`int ${name}(${parameters})`);
    return (...values: unknown[]): void => {
      const code = native(...values) as number;
      if (code !== 0) throw new Error(`${name} failed with code ${code}`);
    };
  };
  const [comm, float, byte, sum] = ['comm_world', 'float', 'byte', 'op_sum'].map((name) => mpi.symbol(`ompi_mpi_${name}`) as Pointer);
  call('MPI_Init', 'void *, void *')(null, null);
  const ask = (name: string): number => {
    const answer = [0];
    call(name, 'void *, _Out_ int *')(comm, answer);
    return answer[0]!;
  };
  const allReduce = call('MPI_Allreduce', 'const void *, void *, int, void *, void *, void *');
  const allGather = call('MPI_Allgather', 'const void *, int, void *, void *, int, void *, void *');
  const broadcast = call('MPI_Bcast', 'void *, int, void *, int, void *');
  const barrier = call('MPI_Barrier', 'void *');
  const finalize = call('MPI_Finalize', '');
  return {
    rank: ask('MPI_Comm_rank'),
    size: ask('MPI_Comm_size'),
    allReduceSum: (input, output) => allReduce(input, output, input.length, float, sum, comm),
    allGather: (input, output) => allGather(input, input.length, float, output, input.length, float, comm),
    broadcast: (bytes) => broadcast(bytes, bytes.length, byte, 0, comm),
    barrier: () => barrier(comm),
    finalize,
  };
}

/** Opens the library so that its plugins find its symbols. */
function openLibrary(names: readonly string[], load: Koffi['load']): ReturnType<Koffi['load']> {
  const problems: string[] = [];
  for (const name of names) {
    try {
      return load(name, { global: true });
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new InputError(`Open MPI: its library cannot be loaded (${problems[0]}); on Debian, apt-get install openmpi-bin`);
}
