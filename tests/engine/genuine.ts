/** ONNX's own operators, for comparison with the engine's compositions. */
import { graphOf, type TensorData, type Value } from '../../src/engine/index.js';
import { apply } from '../../src/engine/operator.js';
import { encode } from '../../src/engine/onnx.js';
import type { Attributes, Operator, TensorType } from '../../src/engine/value.js';
import { expectClose } from './expectations.js';
import { type Build, forward, inputsFor, runModel } from './running.js';

/** A node as ONNX defines it, with float attributes by name. */
export interface Genuine {
  name: string;
  attributes?: Attributes;
  floatAttributes?: readonly string[];
  /** Further operands of the node. */
  more?: readonly Value[];
}

/** What ONNX Runtime computes for a node of these attributes. */
export async function genuineResult(
  { name, attributes = {}, floatAttributes = [], more = [] }: Genuine,
  tensors: readonly TensorData[],
  type: TensorType,
): Promise<TensorData> {
  const operator: Operator = { name, floatAttributes, infer: () => type };
  const inputs = inputsFor(tensors);
  const graph = graphOf({ result: apply(operator, [...inputs, ...more], attributes) }, inputs);
  const feeds = Object.fromEntries(tensors.map((tensor, index) => [`input${index}`, tensor]));
  return (await runModel(await encode(graph), feeds)).result!;
}

/** Expects a composition to have the shape and elements of ONNX's operator. */
export async function expectGenuine(build: Build, genuine: Genuine, tensors: readonly TensorData[]): Promise<void> {
  const result = await forward(build, tensors);
  expectClose(result, await genuineResult(genuine, tensors, result));
}
