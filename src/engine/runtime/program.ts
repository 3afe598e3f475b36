import type { Graph } from '../graph.js';
import type { LoweredGraph } from '../lowering/stateLayout.js';
import { showShape, sizeOf } from '../shape.js';
import { ARRAY_OF, type ElementArray, type TensorData, type TensorType } from '../value.js';
import type { Executor, TensorBuffer } from './executor.js';

/** What remains of a graph once it is compiled: the graph itself would only be memory, and work for the garbage collector. */
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

  constructor(
    private readonly executor: Executor,
    readonly signature: Signature,
  ) {}

  /**
   * Runs the graph once. Every input must be fed, with the number of elements that it was declared with. An output that is named in
   * `into` is written into the memory of that array, which may be that of an input as well, and is not among the results.
   */
  async run(feeds: Readonly<Record<string, ElementArray>>, into: Readonly<Record<string, ElementArray>> = {}): Promise<Record<string, TensorData>> {
    if (this.released) throw new Error('program: it was released');
    const { inputs, outputs } = this.signature;
    const missing = [...inputs.keys()].find((name) => feeds[name] === undefined);
    if (missing !== undefined) throw new Error(`program: nothing is fed to '${missing}'`);
    const operands = Object.fromEntries(Object.entries(feeds).map(([name, data]) => [name, operandOf(name, data, inputs)]));
    const targets = Object.fromEntries([...outputs].map(([name, type]) => [name, into[name] ? operandOf(name, into[name], outputs) : type]));
    const results = await this.executor.run(operands, targets);
    return Object.fromEntries(Object.entries(results).map(([name, data]) => [name, { ...outputs.get(name)!, data }]));
  }

  /** Frees the compiled graph; not while it runs. Again, it does nothing. */
  async release(): Promise<void> {
    // A library may free twice what it is told to free twice.
    if (this.released) return;
    this.released = true;
    await this.executor.release();
  }

  /** Ends profiling, for programs compiled with it, and writes the profile. */
  endProfiling(): void {
    this.executor.endProfiling();
  }
}

function operandOf(name: string, data: ElementArray, declared: ReadonlyMap<string, TensorType>): TensorBuffer {
  const type = declared.get(name);
  if (type === undefined) throw new Error(`program: there is no input ${name}`);
  if (!(data instanceof ARRAY_OF[type.type])) throw new TypeError(`program: ${name} must be ${type.type}, not a ${data.constructor.name}`);
  if (data.length !== sizeOf(type.shape)) throw new Error(`program: ${name} needs the size of ${showShape(type.shape)}, not ${data.length} elements`);
  return { ...type, data };
}

/** Makes a program of a graph: what each platform's runtime offers, with device and threads already chosen. */
export type Compile = (graph: Graph) => Promise<Program>;
