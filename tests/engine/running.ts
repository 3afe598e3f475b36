/** Runs small graphs through ONNX Runtime. */
import { createHash } from 'node:crypto';
import { encode } from '../../src/engine/onnx.js';
import { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node';
import {
  type Graph,
  graphOf,
  input,
  type InputValue,
  type Program,
  type TensorData,
  topologicalOrder,
  type Value,
} from '../../src/engine/index.js';
import { lower, rulesOf, type Target } from '../../src/engine/lowering/lower.js';
import { expandDecompositions } from '../../src/engine/lowering/rewrites.js';
import { rewriteGraph } from '../../src/engine/graph.js';
import { blockedKernels } from '../../src/engine/runtime/blockSize.node.js';
import { compile } from '../../src/engine/runtime/native.node.js';

const { block } = await blockedKernels();

/** Every way of lowering that this processor can run. Where it has no blocked kernels, `blocked` is `cpu` again. */
export const targets: Record<'plain' | 'wasm' | 'cpu' | 'blocked', Target> = {
  plain: { name: 'plain' },
  wasm: { name: 'wasm' },
  cpu: { name: 'cpu' },
  blocked: { name: 'cpu', ...(block === undefined ? {} : { block }) },
};

/** Builds a value from one input for each tensor. */
export type Build = (...inputs: Value[]) => Value;

/** One graph input for each tensor, named by its position. */
export const inputsFor = (tensors: readonly TensorData[]): InputValue[] =>
  tensors.map(({ shape, type }, index) => input(`input${index}`, shape, type));

export const feedsOf = (tensors: readonly TensorData[]): Record<string, TensorData['data']> =>
  Object.fromEntries(tensors.map(({ data }, index) => [`input${index}`, data]));

/** What a graph computes from these tensors, which are fed to `input0`, `input1` and so on. */
export async function run(
  graph: Graph,
  tensors: readonly TensorData[],
  target?: Target,
): Promise<Record<string, TensorData>> {
  const program = await compileSmall(graph, target);
  try {
    return await program.run(feedsOf(tensors));
  } finally {
    await program.release();
  }
}

export const compileSmall = (graph: Graph, target?: Target): Promise<Program> =>
  compile(graph, { threads: 1, ...(target === undefined ? {} : { target }) });

const compiledOnce = new Map<string, Promise<Program>>();

/**
 * Compiles a graph without CPU-specific lowering, and each graph only once per test file: most of a short run is
 * compilation. The program is shared, so releasing it has no effect.
 */
export async function compileOnce(graph: Graph): Promise<Program> {
  const key = createHash('sha256')
    .update(await encode(lower(graph, targets.plain)))
    .digest('hex');
  const program = compiledOnce.get(key) ?? compileSmall(graph, targets.plain);
  compiledOnce.set(key, program);
  return Object.assign(Object.create(await program) as Program, { release: () => Promise.resolve() });
}

/** The result of operators on these tensors, each of which is an input of the graph. */
export async function forward(build: Build, tensors: readonly TensorData[], target?: Target): Promise<TensorData> {
  const inputs = inputsFor(tensors);
  const { result } = await run(graphOf({ result: build(...inputs) }, inputs), tensors, target);
  return result!;
}

/**
 * What the graph computes when nothing is simplified, neither here nor by ONNX Runtime. Only operators that ONNX does
 * not have in this form are replaced by their definitions.
 */
export async function runAsWritten(graph: Graph, tensors: readonly TensorData[]): Promise<Record<string, TensorData>> {
  const encodable = [expandDecompositions, ...rulesOf.plain].reduce(
    (current, rule) => rewriteGraph(current, (value) => rule(value) ?? value),
    graph,
  );
  return runModel(await encode(encodable), Object.fromEntries(tensors.map((value, index) => [`input${index}`, value])));
}

/** The outputs of an encoded model, run without any of ONNX Runtime's own optimisations. */
export async function runModel(
  model: Uint8Array,
  feeds: Record<string, TensorData>,
): Promise<Record<string, TensorData>> {
  const session = await InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    const tensors = Object.entries(feeds).map(
      ([name, { type, data, shape }]) => [name, new RuntimeTensor(type, data as Float32Array, shape)] as const,
    );
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [name, { type, shape: dims, data } as TensorData]),
    );
  } finally {
    await session.release();
  }
}

/** The names of the operators that a graph or a value consists of, sorted. */
export function operatorsOf(of: Graph | Value): string[] {
  const roots = 'outputs' in of ? Object.values(of.outputs) : [of];
  return topologicalOrder(roots)
    .flatMap((value) => (value.kind === 'computed' ? [value.operator.name] : []))
    .sort();
}
