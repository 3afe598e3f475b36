import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { Graph } from '../graph.js';
import type { LoweredGraph } from '../lowering/stateLayout.js';
import type { ElementArray, TensorData, TensorType } from '../value.js';

/** What the runtime of a platform brings. */
export interface Platform {
  /** Its own class: a runtime tells results' places from options by it, and takes no other build's. */
  readonly Tensor: typeof Tensor;
  /** Called before a run with the bytes of results of earlier runs that nobody reads any more. */
  readonly beforeRun?: (garbage: number) => void;
}

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
  constructor(
    private readonly session: InferenceSession,
    readonly signature: Signature,
    private readonly platform: Platform,
  ) {}

  /** Bytes; what was made before the first run is not known, and much. */
  private garbage = Infinity;

  /**
   * Runs the graph once. Every input must be fed, with the number of elements that it was declared with. An output that is named in
   * `into` is written into the memory of that array, which may be that of an input as well, and is not among the results.
   */
  async run(feeds: Readonly<Record<string, ElementArray>>, into: Readonly<Record<string, ElementArray>> = {}): Promise<Record<string, TensorData>> {
    this.platform.beforeRun?.(this.garbage);
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, data]) => [name, this.tensorOf(name, data)]));
    const fetches = Object.fromEntries([...this.signature.outputs].map(([name, type]) => [name, into[name] ? this.tensorOn(into[name], type) : null]));
    const results = Object.entries(await this.session.run(tensors, fetches));
    // The runtime returns a copy even of what it wrote where it was told to.
    this.garbage = results.reduce((bytes, [name, { data }]) => bytes + (name in into ? (data as ElementArray).byteLength : 0), 0);
    return Object.fromEntries(results.filter(([name]) => !(name in into)).map(([name, result]) => [name, fromTensor(result)]));
  }

  /** Wraps data as the tensor of an input, without a copy. */
  private tensorOf(name: string, data: ElementArray): Tensor {
    const declared = this.signature.inputs.get(name);
    if (declared === undefined) throw new Error(`program: there is no input ${name}`);
    return this.tensorOn(data, declared);
  }

  private tensorOn(data: ElementArray, { type, shape }: TensorType): Tensor {
    return new this.platform.Tensor(type, data as never, shape);
  }

  /** Frees the compiled graph. */
  release(): Promise<void> {
    return this.session.release();
  }

  /** Ends profiling, for programs compiled with it, and writes the profile. */
  endProfiling(): void {
    this.session.endProfiling();
  }
}

const fromTensor = (tensor: Tensor): TensorData => ({ type: tensor.type, shape: tensor.dims, data: tensor.data }) as TensorData;

/** Makes a program of a graph: what each platform's runtime offers, with device and threads already chosen. */
export type Compile = (graph: Graph) => Promise<Program>;
