import { type BatchAxes, type Graph, mapValues } from '../graph.js';
import { fromStoredOrder, type LoweredGraph, nextName, toStoredOrder } from '../lowering/state.js';
import { showShape, sizeOf } from '../shape.js';
import { ARRAY_OF, type ElementArray, type TensorData, type TensorType } from '../value.js';
import type { Communicator } from './communicator.js';

/** A tensor in the memory of a device. */
export interface DeviceTensor {
  read: () => Promise<ElementArray>;
  release: () => void;
}

type Result = ElementArray | DeviceTensor;

const isOnDevice = (result: Result): result is DeviceTensor => result instanceof Object && 'read' in result;

export interface Executor {
  /**
   * A method, because an executor without a device need not accept device tensors.
   * @param outputs a buffer to write to, which may be an input's as well, or only a type
   * @returns the outputs without a buffer, on the device if the model was loaded to keep them there
   */
  run(
    inputs: Record<string, TensorData | DeviceTensor>,
    outputs: Record<string, TensorData | TensorType>,
  ): Promise<Record<string, Result>>;
  release: () => Promise<void>;
  endProfiling: () => void;
}

export interface LoadOptions {
  /** Threads of one operator; 0: one per core. */
  threads: number;
  optimize: boolean;
  /** Outputs that stay in the memory of a device (default: none). */
  keepOnDevice?: readonly string[];
  /** Serves operators over ranks. */
  communicator?: Communicator | undefined;
  /** Prefix of the file of the profile (default: none). */
  profilePrefix?: string | undefined;
}

export const hasBuffer = (output: TensorData | TensorType): output is TensorData => 'data' in output;

/** The types of a compiled graph. The graph itself would cost memory and time of the garbage collector. */
export interface Signature extends Pick<LoweredGraph, 'stateLayouts' | 'statesInPlace'> {
  inputs: ReadonlyMap<string, TensorType>;
  outputs: ReadonlyMap<string, TensorType>;
}

export function signatureOf({ inputs, outputs, stateLayouts, statesInPlace }: LoweredGraph): Signature {
  const typeOf = ({ type, shape }: TensorType): TensorType => ({ type, shape });
  return {
    inputs: new Map(inputs.map((value) => [value.name, typeOf(value)])),
    outputs: new Map(Object.entries(mapValues(outputs, typeOf))),
    stateLayouts,
    statesInPlace,
  };
}

/** A graph compiled for a device. Feeds and results are tensors in main memory. One run at a time. */
export class Program {
  private released = false;

  /** @param shares how ranks divide the batch (default: they do not) */
  constructor(
    private readonly executor: Executor,
    readonly signature: Signature,
    private readonly shares?: BatchShares,
  ) {}

  /**
   * Runs the graph once.
   * @param feeds every input by name, with as many elements as it was declared with; whole batches on every rank
   * @param into arrays to write outputs into, which may be those of inputs; these outputs are not among the results
   */
  async run(
    feeds: Record<string, ElementArray>,
    into: Record<string, ElementArray> = {},
  ): Promise<Record<string, TensorData>> {
    return this.take(await this.runOnDevice(feeds, into));
  }

  /**
   * Runs as `run` does, and leaves the next state on the device. The caller releases it.
   * @internal
   */
  async runOnDevice(
    feeds: Record<string, Result>,
    into: Record<string, ElementArray>,
  ): Promise<Record<string, Result>> {
    if (this.released) throw new Error('program: already released');
    const { inputs, outputs } = this.signature;
    const missing = [...inputs.keys()].find((name) => feeds[name] === undefined);
    if (missing !== undefined) throw new Error(`program: input '${missing}': not fed`);
    const fed = Object.entries(feeds).filter(([, data]) => isOnDevice(data) || data.length > 0);
    const operands = mapValues(Object.fromEntries(fed), (data, name) =>
      isOnDevice(data) ? data : tensorOf(name, data, inputs.get(name), this.shares),
    );
    const targets = mapValues(Object.fromEntries(outputs), (type, name) =>
      into[name] ? tensorOf(name, into[name], type) : type,
    );
    return this.executor.run(operands, targets);
  }

  /**
   * Copies results to main memory, adds their types, and releases their memory on the device.
   * @internal
   */
  take(results: Record<string, Result>): Promise<Record<string, TensorData>> {
    return mapAsync(results, async (result, name) => {
      const type = this.signature.outputs.get(name)!;
      if (!isOnDevice(result)) return { ...type, data: result };
      try {
        return { ...type, data: await result.read() };
      } finally {
        result.release();
      }
    });
  }

  /** Frees the compiled graph, which must not be running. Calling it again has no effect. */
  async release(): Promise<void> {
    // Releasing twice could double-free native memory.
    if (this.released) return;
    this.released = true;
    await this.executor.release();
  }

  /** Writes the profile of a program that was compiled with profiling. */
  endProfiling(): void {
    this.executor.endProfiling();
  }
}

/** How ranks divide a batch: along which axis of which input. */
export interface BatchShares {
  axes: BatchAxes;
  communicator: Communicator;
}

/** Takes the rank's own part if ranks divide a tensor. */
function tensorOf(name: string, whole: ElementArray, type: TensorType | undefined, shares?: BatchShares): TensorData {
  if (type === undefined) throw new Error(`program: unknown input ${name}`);
  const axis = shares?.axes[name];
  const data = axis === undefined ? whole : shareOf(name, whole, type, axis, shares!.communicator);
  if (!(data instanceof ARRAY_OF[type.type]))
    throw new TypeError(`program: ${name}: expected ${type.type} but got a ${data.constructor.name}`);
  if (data.length !== sizeOf(type.shape))
    throw new Error(`program: ${name}: expected the size of ${showShape(type.shape)} but got ${data.length} elements`);
  return { ...type, data };
}

function shareOf(
  name: string,
  data: ElementArray,
  { type, shape }: TensorType,
  axis: number,
  { rank, size }: Communicator,
) {
  const [rows, length] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
  if (data.length !== rows * length * size)
    throw new Error(
      `program: ${name}: expected ${size} times the size of ${showShape(shape)} but got ${data.length} elements`,
    );
  const share = new ARRAY_OF[type](rows * length);
  for (let row = 0; row < rows; row++) {
    const start = (row * size + rank) * length;
    share.set(data.subarray(start, start + length) as never, row * length);
  }
  return share;
}

/**
 * Session options: threads spin for so many µs before they sleep. By default they spin for milliseconds, and keep cores
 * from threads that have work: where other programs use two of two cores, an iteration takes three times as long.
 */
export const SPINNING = { 'session.intra_op.spin_duration_us': '50' };

/** Compiles a graph for the chosen runtime, device and threads. */
export type Compile = (graph: Graph) => Promise<Program>;

/**
 * A program with state: each run replaces some inputs by the outputs `next/NAME`, in place if the graph allows it. On a
 * device, the state stays there.
 */
export class StatefulProgram {
  private current: Record<string, Float32Array | DeviceTensor>;
  private readonly inPlace: Record<string, Float32Array>;

  constructor(
    private readonly program: Program,
    initial: Record<string, Float32Array>,
  ) {
    const stored = mapValues(initial, (vector, name) => this.copy(name, vector, toStoredOrder));
    this.current = stored;
    const kept = Object.entries(stored).filter(([name]) => program.signature.statesInPlace.has(name));
    this.inPlace = Object.fromEntries(kept.map(([name, vector]) => [nextName(name), vector]));
  }

  /**
   * Runs one step. Returns the outputs that are not state.
   * @param reads whether to return them; without, a device need not be waited for (default: true)
   */
  async step(feeds: Record<string, ElementArray>, reads = true): Promise<Record<string, TensorData>> {
    const results = { ...(await this.program.runOnDevice({ ...feeds, ...this.current }, this.inPlace)) };
    for (const [name, previous] of Object.entries(this.current)) {
      const next = results[nextName(name)];
      if (next === undefined) continue;
      if (isOnDevice(previous)) previous.release();
      this.current[name] = next as Float32Array | DeviceTensor;
      delete results[nextName(name)];
    }
    if (reads) return this.program.take(results);
    releaseAll(results);
    return {};
  }

  /** Returns a copy of the state after the last step. */
  readState(): Promise<Record<string, Float32Array>> {
    return mapAsync(this.current, async (vector, name) =>
      this.copy(name, isOnDevice(vector) ? ((await vector.read()) as Float32Array) : vector, fromStoredOrder),
    );
  }

  private copy(name: string, vector: Float32Array, convert: typeof toStoredOrder) {
    const layout = this.program.signature.stateLayouts.get(name);
    return layout ? convert(layout, vector) : vector.slice();
  }

  /** Writes the profile of a program that was compiled with profiling. */
  endProfiling(): void {
    this.program.endProfiling();
  }

  async release(): Promise<void> {
    releaseAll(this.current);
    this.current = Object.fromEntries(Object.entries(this.current).filter(([, vector]) => !isOnDevice(vector)));
    await this.program.release();
  }
}

function releaseAll(results: Record<string, Result>) {
  for (const result of Object.values(results)) if (isOnDevice(result)) result.release();
}

async function mapAsync<A, B>(record: Record<string, A>, change: (value: A, name: string) => Promise<B>) {
  const pending = Object.entries(mapValues(record, change));
  return Object.fromEntries(await Promise.all(pending.map(async ([name, value]) => [name, await value] as const)));
}
