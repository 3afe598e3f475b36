import type { BatchAxes, Graph } from '../graph.js';
import { fromStoredOrder, type LoweredGraph, nextName, toStoredOrder } from '../lowering/state.js';
import { showShape, sizeOf } from '../shape.js';
import { ARRAY_OF, type ElementArray, type TensorData, type TensorType } from '../value.js';
import type { Communicator } from './communicator.js';

/** A tensor with its elements in memory. */
export interface TensorBuffer extends TensorType {
  readonly data: ElementArray;
}

/** A tensor in the memory of a device. */
export interface DeviceTensor {
  /** Copies its elements. */
  readonly read: () => Promise<ElementArray>;
  readonly release: () => void;
}

/** Whether a result is in the memory of a device. */
const isOnDevice = (result: ElementArray | DeviceTensor): result is DeviceTensor =>
  result instanceof Object && 'read' in result;

/** A compiled model in a runtime. One run at a time. */
export interface Executor {
  /**
   * Runs the model once. A method, so that an executor without a device need not accept its tensors: they only come from the executor itself.
   * @param inputs every input by name
   * @param outputs every output by name: a buffer that it is written to, which may be an input's as well, or its type alone
   * @returns the outputs without a buffer; those that the model was loaded to keep on the device are there
   */
  run(
    inputs: Readonly<Record<string, TensorBuffer | DeviceTensor>>,
    outputs: Readonly<Record<string, TensorBuffer | TensorType>>,
  ): Promise<Readonly<Record<string, ElementArray | DeviceTensor>>>;
  readonly release: () => Promise<void>;
  /** Writes the profile, if one is recorded. */
  readonly endProfiling: () => void;
}

/** How a runtime loads a model. */
export interface LoadOptions {
  /** Threads of one operator; 0: one per core. */
  readonly threads: number;
  /** Whether the runtime optimizes the model. */
  readonly optimize: boolean;
  /** Outputs that stay in the memory of the device, if that is not the main memory (default: none). */
  readonly keepOnDevice?: readonly string[];
  /** What operators over ranks use; undefined: the model has none. */
  readonly communicator?: Communicator | undefined;
  /** Prefix of the file that a profile is written to, in the Node binding; undefined: no profile. */
  readonly profilePrefix?: string | undefined;
}

/** Whether an output has a buffer to be written to. */
export const hasBuffer = (output: TensorBuffer | TensorType): output is TensorBuffer => 'data' in output;

/** What remains of a graph after compilation. The graph itself would only take memory, and time of the garbage collector. */
export interface Signature extends Pick<LoweredGraph, 'stateLayouts' | 'statesInPlace'> {
  readonly inputs: ReadonlyMap<string, TensorType>;
  readonly outputs: ReadonlyMap<string, TensorType>;
}

export function signatureOf({ inputs, outputs, stateLayouts, statesInPlace }: LoweredGraph): Signature {
  const typeOf = ({ type, shape }: TensorType): TensorType => ({ type, shape });
  return {
    inputs: new Map(inputs.map((value) => [value.name, typeOf(value)])),
    outputs: new Map(Object.entries(outputs).map(([name, value]) => [name, typeOf(value)])),
    stateLayouts,
    statesInPlace,
  };
}

/** A graph compiled for a device. Feeds and results are tensors in memory; one run at a time. */
export class Program {
  private released = false;

  /**
   * @param shares how the batch is divided among ranks (default: it is not)
   */
  constructor(
    private readonly executor: Executor,
    readonly signature: Signature,
    private readonly shares?: BatchShares,
  ) {}

  /**
   * Runs the graph once.
   * @param feeds every input by name, with as many elements as it was declared with; whole batches on every rank
   * @param into outputs to write into these arrays, which may be those of inputs as well; they are not among the results
   */
  async run(
    feeds: Readonly<Record<string, ElementArray>>,
    into: Readonly<Record<string, ElementArray>> = {},
  ): Promise<Record<string, TensorData>> {
    const results = await this.runOnDevice(feeds, into);
    return Object.fromEntries(
      await Promise.all(
        Object.entries(results).map(async ([name, result]) => [name, this.typed(name, await taken(result))] as const),
      ),
    );
  }

  /**
   * Runs the graph once, as `run` does, and leaves the next state on the device. The caller releases it.
   * @internal
   */
  async runOnDevice(
    feeds: Readonly<Record<string, ElementArray | DeviceTensor>>,
    into: Readonly<Record<string, ElementArray>>,
  ): Promise<Readonly<Record<string, ElementArray | DeviceTensor>>> {
    if (this.released) throw new Error('program: already released');
    const { inputs, outputs } = this.signature;
    const missing = [...inputs.keys()].find((name) => feeds[name] === undefined);
    if (missing !== undefined) throw new Error(`program: input '${missing}': not fed`);
    const operands = Object.fromEntries(
      Object.entries(feeds).map(([name, data]) => [
        name,
        isOnDevice(data) ? data : operandOf(name, ownShare(name, data, inputs, this.shares), inputs),
      ]),
    );
    const targets = Object.fromEntries(
      [...outputs].map(([name, type]) => [name, into[name] ? operandOf(name, into[name], outputs) : type]),
    );
    return this.executor.run(operands, targets);
  }

  /**
   * An output with its type.
   * @internal
   */
  typed(name: string, data: ElementArray): TensorData {
    return { ...this.signature.outputs.get(name)!, data };
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

/** The elements of a result. Its memory on the device is released. */
async function taken(result: ElementArray | DeviceTensor): Promise<ElementArray> {
  if (!isOnDevice(result)) return result;
  try {
    return await result.read();
  } finally {
    result.release();
  }
}

/** How ranks divide a batch: along which axis of which input. */
export interface BatchShares {
  readonly axes: BatchAxes;
  readonly communicator: Communicator;
}

/** A rank's own part of an input that is divided, a copy; of other inputs all. */
function ownShare(
  name: string,
  data: ElementArray,
  declared: ReadonlyMap<string, TensorType>,
  shares: BatchShares | undefined,
): ElementArray {
  const axis = shares?.axes[name];
  const shape = declared.get(name)?.shape;
  if (shares === undefined || axis === undefined || shape === undefined) return data;
  const { rank, size } = shares.communicator;
  const [rows, length] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
  if (data.length !== rows * length * size)
    throw new Error(
      `program: ${name}: expected ${size} times the size of ${showShape(shape)} but got ${data.length} elements`,
    );
  const share = new (data.constructor as new (length: number) => typeof data)(rows * length);
  for (let row = 0; row < rows; row++) {
    const start = (row * size + rank) * length;
    share.set(data.subarray(start, start + length) as never, row * length);
  }
  return share;
}

function operandOf(name: string, data: ElementArray, declared: ReadonlyMap<string, TensorType>): TensorBuffer {
  const type = declared.get(name);
  if (type === undefined) throw new Error(`program: unknown input ${name}`);
  if (!(data instanceof ARRAY_OF[type.type]))
    throw new TypeError(`program: ${name}: expected ${type.type} but got a ${data.constructor.name}`);
  if (data.length !== sizeOf(type.shape))
    throw new Error(`program: ${name}: expected the size of ${showShape(type.shape)} but got ${data.length} elements`);
  return { ...type, data };
}

/** Compiles a graph, with runtime, device and threads already chosen. */
export type Compile = (graph: Graph) => Promise<Program>;

/**
 * A program some of whose inputs are state: each run reads them and replaces them by the outputs `next/NAME`. The runtime writes the new state
 * over the old one if the graph allows it; otherwise what it returned is fed to the next run. On a device, the state stays there.
 */
export class StatefulProgram {
  private current: Record<string, Float32Array | DeviceTensor>;
  /** The arrays of states that are written in place, by name of the output. */
  private readonly inPlace: Readonly<Record<string, Float32Array>>;

  constructor(
    private readonly program: Program,
    initial: Readonly<Record<string, Float32Array>>,
  ) {
    const stored = Object.fromEntries(
      Object.entries(initial).map(([name, vector]) => [name, this.copy(name, vector, toStoredOrder)]),
    );
    this.current = stored;
    const kept = Object.entries(stored).filter(([name]) => program.signature.statesInPlace.has(name));
    this.inPlace = Object.fromEntries(kept.map(([name, vector]) => [nextName(name), vector]));
  }

  /**
   * Runs one step. Returns the outputs that are not state.
   * @param reads whether these are read; otherwise none is returned, and a device need not be waited for (default: true)
   */
  async step(feeds: Readonly<Record<string, ElementArray>>, reads = true): Promise<Record<string, TensorData>> {
    const results = { ...(await this.program.runOnDevice({ ...feeds, ...this.current }, this.inPlace)) };
    for (const [name, previous] of Object.entries(this.current)) {
      const next = results[nextName(name)];
      if (next === undefined) continue;
      if (isOnDevice(previous)) previous.release();
      this.current[name] = next as Float32Array | DeviceTensor;
      delete results[nextName(name)];
    }
    if (reads)
      return Object.fromEntries(
        await Promise.all(
          Object.entries(results).map(
            async ([name, data]) => [name, this.program.typed(name, await taken(data))] as const,
          ),
        ),
      );
    for (const result of Object.values(results)) if (isOnDevice(result)) result.release();
    return {};
  }

  /** Returns a copy of the state after the last step. */
  async readState(): Promise<Readonly<Record<string, Float32Array>>> {
    const copies = Object.entries(this.current).map(async ([name, vector]) => {
      const stored = isOnDevice(vector) ? ((await vector.read()) as Float32Array) : vector;
      return [name, this.copy(name, stored, fromStoredOrder)] as const;
    });
    return Object.fromEntries(await Promise.all(copies));
  }

  private copy(name: string, vector: Float32Array, convert: typeof toStoredOrder): Float32Array {
    const layout = this.program.signature.stateLayouts.get(name);
    return layout ? convert(layout, vector) : vector.slice();
  }

  /** Writes the profile of a program that was compiled with profiling. */
  endProfiling(): void {
    this.program.endProfiling();
  }

  async release(): Promise<void> {
    for (const [name, vector] of Object.entries(this.current)) {
      if (!isOnDevice(vector)) continue;
      vector.release();
      delete this.current[name];
    }
    await this.program.release();
  }
}
