import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Graph, graphOf, simplify, type TensorData, topologicalOrder } from '../../src/engine/index.js';
import { expectClose } from '../engine/expectations.js';
import { expectRightGradients, gradientGraph } from '../engine/finiteDifferences.js';
import { type RandomGraph, randomGraphs } from '../engine/randomGraphs.js';
import { inputsFor, operatorsOf, run, runAsWritten, targets } from '../engine/running.js';

const runs = { seed: 7, numRuns: 60 };

/** The random value and its gradients in one graph. */
function wholeGraph({ build, tensors }: RandomGraph): Graph {
  const { inputs, outputs } = gradientGraph(build, tensors);
  return graphOf({ ...outputs, result: build(...inputs) }, inputs);
}

describe('random graphs', () => {
  it('have gradients that match finite differences', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs, ({ build, tensors }) => expectRightGradients(build, tensors)),
      runs,
    );
  });

  it('compute the same as written, simplified, and lowered for every target', { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(randomGraphs, async (drawn) => {
      const graph = wholeGraph(drawn);
      const expected = await runAsWritten(graph, drawn.tensors);
      const agrees = (actual: Record<string, TensorData>) => {
        for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value, 1e-4);
      };
      agrees(await runAsWritten(simplify(graph), drawn.tensors));
      for (const target of Object.values(targets)) agrees(await run(graph, drawn.tensors, target));
    });
    await fc.assert(property, runs);
  });

  it('never grow by simplification', () => {
    const count = (graph: Graph) => topologicalOrder(Object.values(graph.outputs)).length;
    fc.assert(
      fc.property(randomGraphs, (drawn) => {
        const graph = wholeGraph(drawn);
        expect(count(simplify(graph))).toBeLessThanOrEqual(count(graph));
      }),
      runs,
    );
  });

  it('contain every operator that finite differences can check', () => {
    const drawn = fc.sample(randomGraphs, runs);
    const found = new Set(drawn.flatMap(({ build, tensors }) => operatorsOf(build(...inputsFor(tensors)))));
    expect([...found].sort()).toEqual(
      [
        ...[
          'Abs',
          'Add',
          'ArgMin',
          'BatchNormalization',
          'Cast',
          'Clip',
          'Concat',
          'Conv',
          'ConvTranspose',
          'Div',
          'Exp',
          'Expand',
          'Greater',
        ],
        ...[
          'LeakyRelu',
          'Log',
          'MatMul',
          'Mul',
          'Neg',
          'Pad',
          'ReduceMax',
          'ReduceMean',
          'ReduceMin',
          'ReduceSum',
          'Relu',
        ],
        ...['Reshape', 'Sigmoid', 'Sign', 'Slice', 'Sqrt', 'Sub', 'Tanh', 'Transpose', 'Where'],
      ].sort(),
    );
  });
});
