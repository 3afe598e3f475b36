/** Runs single layers, as functions of their data and their parameters. */
import { expect } from 'vitest';
import { type Layer, sequential } from '../../src/networks/layer.js';
import { forwardEval, forwardTrain } from '../../src/networks/forward.js';
import { createNetwork } from '../../src/networks/network.js';
import { gradients, graphOf, input, type TensorData, type Value } from '../../src/engine/index.js';
import { expectClose, largestOf } from '../engine/expectations.js';
import { expectRightGradients, lossOf } from '../engine/finiteDifferences.js';
import { type Build, compileSmall, inputsFor, run, targets } from '../engine/running.js';
import { random, type Tensor } from '../engine/tensors.js';

/** The data of a batch `[N, C, H, W]`, its condition `[N, K]`, and one random tensor per parameter of the layer. */
function tensorsFor(layer: Layer, x: Tensor, condition: Tensor): Tensor[] {
  return [
    x,
    condition,
    ...Object.values(layer.parameters ?? {}).map(({ shape }, index) => random(shape, 100 + index, 0.5, 1.5)),
  ];
}

/** A training pass of a layer as a function of its data, its condition and its parameters. */
const trainingPass =
  (layer: Layer): Build =>
  (x, condition, ...parameters) => {
    const names = Object.keys(layer.parameters ?? {});
    return layer.forward(x, {
      parameter: (name) => parameters[names.indexOf(name)]!,
      buffer: (name) => {
        throw new Error(`${name} was read in training`);
      },
      condition,
      observe: () => undefined,
    });
  };

/**
 * Expects of a layer that its output has the shape that it declares, that its gradients agree with finite differences,
 * and that results and gradients agree between plain graphs and those lowered for the CPU.
 */
export async function expectConsistentLayer(
  layer: Layer,
  x: Tensor,
  condition = random([x.shape[0]!, 1], 99),
): Promise<void> {
  const tensors = tensorsFor(layer, x, condition);
  const build = trainingPass(layer);
  const inputs = inputsFor(tensors);
  const result = build(...inputs);
  expect(result.shape).toEqual([x.shape[0], ...layer.outputShape(x.shape.slice(1))]);
  await expectRightGradients(build, tensors);

  const byInput = gradients(lossOf(result), inputs);
  const graph = graphOf(
    { result, ...Object.fromEntries(byInput.map((value, index) => [`gradient${index}`, value])) },
    inputs,
  );
  const expected = await run(graph, tensors, targets.plain);
  for (const target of [targets.cpu, targets.blocked]) {
    const actual = await run(graph, tensors, target);
    const floor = 0.1 * Math.max(1, ...Object.values(expected).map(({ data }) => largestOf(Array.from(data, Number))));
    for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value, 1e-4, floor);
  }
}

/** The same layer between two convolutions, which gives it blocked data. */
export const betweenConvolutions = (layer: Layer, before: Layer, after: Layer): Layer =>
  sequential({ before, layer, after });

/** The output of a layer after training, for parameters and buffers by name. */
export async function evaluated(
  layer: Layer,
  x: Tensor,
  tensors: Record<string, Tensor> = {},
  condition?: Tensor,
): Promise<TensorData> {
  const network = createNetwork('encoder', { layer }, x.shape.slice(1));
  const values = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape }]) => [`encoder.layer.${name}`, input(name, shape)]),
  );
  const data = input('x', x.shape);
  const told = condition && input('condition', condition.shape);
  const outputs = {
    result: forwardEval(network, { parameters: values, statistics: values, x: data, condition: told }),
  };
  return (await runNamed(outputs, { x, ...tensors, ...(condition && { condition }) })).result!;
}

/** The `output` of a training pass, and the running statistics `after` it. */
export async function trained(
  layer: Layer,
  x: Tensor,
  tensors: Record<string, Tensor>,
  statistics: Tensor,
): Promise<Record<string, TensorData>> {
  const network = createNetwork('encoder', { layer }, x.shape.slice(1));
  const values = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape }]) => [`encoder.layer.${name}`, input(name, shape)]),
  );
  const pass = forwardTrain(network, {
    parameters: values,
    statistics: input('statistics', statistics.shape),
    x: input('x', x.shape),
  });
  return runNamed({ output: pass.output, after: pass.statistics }, { x, statistics, ...tensors });
}

async function runNamed(
  outputs: Record<string, Value>,
  feeds: Record<string, Tensor>,
): Promise<Record<string, TensorData>> {
  const program = await compileSmall(graphOf({ ...outputs }));
  const results = await program.run(Object.fromEntries(Object.entries(feeds).map(([name, { data }]) => [name, data])));
  await program.release();
  return results;
}
