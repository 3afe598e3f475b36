import type { Communicator } from '../engine/runtime/communicator.js';
import { type Koffi, loadKoffi, type Pointer } from '../engine/runtime/onnxRuntime.node.js';
import { InputError, messageOf } from '../errors.js';
import { coresOf } from './launch.node.js';

/** Open MPI 4 and 5, versioned and unversioned. */
const LIBRARIES = ['libmpi.so.40', 'libmpi.so'];

/** Ranks that Open MPI starts together: `mpirun -n 4 ...`. */
export interface World extends Communicator {
  /** Cores for this rank, which it shares with no other. */
  cores: number;
  /** Without it, `mpirun` reports an abnormal end. */
  finalize: () => void;
}

export async function connect(libraries: readonly string[] = LIBRARIES): Promise<World> {
  const { load } = await loadKoffi();
  const { mpi, comm, float, byte, sum } = openLibrary(libraries, load);
  const call = (name: string, parameters: string) => {
    const native = mpi.func(`int ${name}(${parameters})`);
    return (...values: unknown[]) => {
      const code = native(...values) as number;
      if (code !== 0) throw new Error(`${name} failed with code ${code}`);
    };
  };
  call('MPI_Init', 'void *, void *')(null, null);
  const ask = (name: string) => {
    const answer = [0];
    call(name, 'void *, _Out_ int *')(comm, answer);
    return answer[0]!;
  };
  const allReduce = call('MPI_Allreduce', 'const void *, void *, int, void *, void *, void *');
  const allGather = call('MPI_Allgather', 'const void *, int, void *, void *, int, void *, void *');
  const broadcast = call('MPI_Bcast', 'void *, int, void *, int, void *');
  const barrier = call('MPI_Barrier', 'void *');
  const communicator: Communicator = {
    rank: ask('MPI_Comm_rank'),
    size: ask('MPI_Comm_size'),
    allReduceSum: (input, output) => allReduce(input, output, input.length, float, sum, comm),
    allGather: (input, output) => allGather(input, input.length, float, output, input.length, float, comm),
    broadcast: (bytes) => broadcast(bytes, bytes.length, byte, 0, comm),
    barrier: () => barrier(comm),
  };
  return { ...communicator, cores: coresOf(communicator), finalize: call('MPI_Finalize', '') };
}

function openLibrary(names: readonly string[], load: Koffi['load']) {
  const problems: string[] = [];
  for (const name of names) {
    try {
      // Global, so that plugins of the library find its symbols.
      const mpi = load(name, { global: true });
      const symbolOf = (symbol: string) => mpi.symbol(`ompi_mpi_${symbol}`) as Pointer;
      return {
        mpi,
        comm: symbolOf('comm_world'),
        float: symbolOf('float'),
        byte: symbolOf('byte'),
        sum: symbolOf('op_sum'),
      };
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new InputError(
    'Open MPI',
    `its library cannot be loaded (${problems[0]})`,
    'on Debian, apt-get install openmpi-bin',
  );
}
