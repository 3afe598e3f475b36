/**
 * Ranks inside one process: worker threads that meet in shared memory. As a worker it verifies a golden file with the
 * built package, and posts the result.
 */
import { readFileSync } from 'node:fs';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** Elements that a rank can put in at once. */
const CAPACITY = 2 ** 20;

/**
 * Shared memory for a number of ranks: arrived ranks and the number of the meeting, then a slot of elements for each
 * rank.
 */
const sharedMemory = (size) => ({
  size,
  meeting: new SharedArrayBuffer(8),
  slots: new SharedArrayBuffer(4 * CAPACITY * size),
});

function communicatorIn({ size, meeting, slots }, rank) {
  const control = new Int32Array(meeting);
  const slotOf = (number, length) => new Float32Array(slots, 4 * CAPACITY * number, length);
  const barrier = () => {
    const number = Atomics.load(control, 1);
    if (Atomics.add(control, 0, 1) < size - 1) {
      while (Atomics.load(control, 1) === number) Atomics.wait(control, 1, number);
      return;
    }
    Atomics.store(control, 0, 0);
    Atomics.add(control, 1, 1);
    Atomics.notify(control, 1);
  };
  /** Every rank puts elements in, takes what it wants of those of all, and waits until the others have. */
  const exchange = (input, take) => {
    slotOf(rank, input.length).set(input);
    barrier();
    for (let number = 0; number < size; number++) take(slotOf(number, input.length), number);
    barrier();
  };
  return {
    rank,
    size,
    barrier,
    allReduceSum: (input, output) => {
      output.fill(0);
      exchange(input, (slot) => slot.forEach((element, index) => (output[index] += element)));
    },
    allGather: (input, output) => exchange(input, (slot, number) => output.set(slot, number * slot.length)),
    broadcast: (bytes) => exchange(Float32Array.from(bytes), (slot, number) => number === 0 && bytes.set(slot)),
  };
}

/** Verifies a golden file on a number of ranks, and returns the result of each. */
export async function verifyOnThreads(file, size) {
  const memory = sharedMemory(size);
  const workers = Array.from(
    { length: size },
    (_, rank) => new Worker(new URL(import.meta.url), { workerData: { memory, rank, file } }),
  );
  const results = workers.map(
    (worker) => new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject)),
  );
  return Promise.all(results).finally(() => Promise.all(workers.map((worker) => worker.terminate())));
}

if (parentPort !== null && workerData?.memory !== undefined) {
  const { compile } = await import('../../../dist/engine/runtime/native.node.js');
  const { decodeSafetensors, graphOf, input } = await import('../../../dist/engine/index.js');
  const { verify } = await import('../../../dist/golden/verification.js');
  const { ALONE } = await import('../../../dist/engine/runtime/communicator.js');
  const { memory, rank, file } = workerData;
  const communicator = communicatorIn(memory, rank);
  // ONNX Runtime registers a domain of custom operators once per process, without a lock (CreateCustomRegistry). Ranks
  // of the library are processes, but these are threads, so one of them loads it before the others do.
  if (rank === 0) await compile(graphOf({ x: input('x', [1]) }), { threads: 1, communicator: ALONE });
  communicator.barrier();
  parentPort.postMessage(
    await verify(decodeSafetensors(readFileSync(file), file), file, (graph) =>
      compile(graph, { threads: 1, communicator }),
    ),
  );
}
