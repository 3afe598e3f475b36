import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeSafetensors, graphOf, type TensorData, type Value } from '../../src/engine/index.js';
import { expectClose } from './expectations.js';
import { compileSmall, targets } from './running.js';
import { CASES, outputsOf, tensorOf } from '../golden/operatorCases.js';

const { tensors } = decodeSafetensors(
  await readFile(new URL('../golden/operators.safetensors', import.meta.url)),
  'operators',
);

it('has a case for each of PyTorch', () => {
  const names = new Set(Object.keys(tensors).map((each) => each.split('/')[0]!));
  expect(Object.keys(CASES)).toEqual([...names]);
});

describe.each(Object.entries({ ...targets, webgpu: { name: 'webgpu' } as const }))(
  'for %s, the values and gradients of PyTorch has',
  (_, target) => {
    let results: Record<string, TensorData>;

    // One graph of all cases, because most of a short run is compilation.
    beforeAll(async () => {
      const outputs = Object.keys(CASES).map((name) => outputsOf(tensors, name));
      const graph = graphOf(Object.assign({}, ...outputs) as Record<string, Value>);
      const program = await compileSmall(graph, target);
      results = await program.run(Object.fromEntries(graph.inputs.map(({ name }) => [name, tensors[name]!.data])));
      await program.release();
    });

    it.each(Object.keys(CASES))('%s', (name) => {
      const names = Object.keys(results).filter((each) => each.startsWith(`${name}/`));
      expect(names.length).toBeGreaterThan(1);
      for (const each of names) expectClose(results[each]!, tensorOf(tensors, each), 1e-5);
    });
  },
);
