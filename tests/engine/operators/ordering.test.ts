import { describe, expect, it } from 'vitest';
import {
  after,
  type Graph,
  graphOf,
  gradients,
  greater,
  input,
  mul,
  sqrt,
  sumOf,
  topologicalOrder,
} from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { expectSame } from '../expectations.js';
import { expectRightGradients } from '../finiteDifferences.js';
import { inputsFor, operatorsOf, run, targets } from '../running.js';
import { random, tensor } from '../tensors.js';

const shapes = { scalars: [], 'one element': [1, 1], vectors: [6], images: [2, 3, 2, 1] } as const;

/** The values that an output is made of, once lowered. */
function sourcesOf(graph: Graph, output: string, target: (typeof targets)[keyof typeof targets]) {
  return topologicalOrder([lower(graph, target).outputs[output]!]);
}

describe.each(Object.entries(targets))('after, for %s', (_, target) => {
  it.each(Object.entries(shapes))('is bitwise identical for %s, whatever it waits for', async (_name, shape) => {
    const values = random(shape, 1);
    for (const waited of [tensor([NaN], []), tensor([Infinity], [1]), tensor([-NaN, 1], [2, 1])]) {
      const [value, dependency] = inputsFor([values, waited]);
      const { y } = await run(graphOf({ y: after(value!, mul(dependency!, 2)) }), [values, waited], target);
      expectSame(y!, values);
    }
  });

  it.each(Object.entries(shapes))(
    'makes the runtime compute the dependency before the reader of %s',
    (_name, shape) => {
      const [value, dependency] = [input('value', shape), input('dependency', [])];
      const graph = graphOf({ y: mul(after(value, sqrt(dependency)), 3) });
      const sources = sourcesOf(graph, 'y', target).flatMap((source) =>
        source.kind === 'computed' ? [source.operator.name] : [],
      );
      expect(sources).toContain('Sqrt');
      expect(sources).not.toContain('After');
      expect(sources.indexOf('Sqrt')).toBeLessThan(sources.indexOf('Mul'));
      // Nothing but movements of elements and conversions stands between the two.
      expect(sources.filter((name) => !['Sqrt', 'Reshape', 'Concat', 'Slice', 'Cast'].includes(name))).toEqual(['Mul']);
    },
  );

  it('supports booleans', async () => {
    const x = random([3], 1);
    const [value] = inputsFor([x]);
    const { y } = await run(graphOf({ y: after(greater(value!, 0), sumOf(value!)) }), [x], target);
    expect(Array.from(y!.data, Number)).toEqual(Array.from(x.data, (element) => Number(element > 0)));
  });
});

describe('after', () => {
  it('passes gradients to the value only', async () => {
    const tensors = [random([2, 3], 1), random([2], 2)];
    await expectRightGradients((value, dependency) => after(mul(value, value), mul(dependency, dependency)), tensors);
    const [value, dependency] = inputsFor(tensors);
    const [, none] = gradients(sumOf(after(value!, dependency!)), [value!, dependency!]);
    expect(operatorsOf(none!)).toEqual([]);
  });
});
