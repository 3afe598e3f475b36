import { type InferenceSession, Tensor } from 'onnxruntime-common';
import type { Graph } from '../graph.js';
import type { StateLayout } from '../lowering/stateLayout.js';
import type { ElementArray, TensorData, TensorType } from '../value.js';

/** A graph compiled for a device. Feeds and results are tensors in memory; one run at a time. */
export class Program {
  constructor(
    private readonly session: InferenceSession,
    private readonly inputs: ReadonlyMap<string, TensorType>,
    /** State vectors that the program keeps in another order than outside; `StatefulProgram` converts them. */
    readonly stateLayouts: ReadonlyMap<string, StateLayout>,
  ) {}

  /** Runs the graph once. Every input must be fed, with the number of elements that it was declared with. */
  async run(feeds: Readonly<Record<string, ElementArray>>): Promise<Record<string, TensorData>> {
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, data]) => [name, this.tensorOf(name, data)]));
    const results = await this.session.run(tensors);
    return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, fromTensor(result)]));
  }

  /** Wraps data as the tensor of an input, without a copy. */
  private tensorOf(name: string, data: ElementArray): Tensor {
    const declared = this.inputs.get(name);
    if (declared === undefined) throw new Error(`program: there is no input ${name}`);
    return new Tensor(declared.type, data as never, declared.shape);
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
