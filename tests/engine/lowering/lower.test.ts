import { describe, expect, it } from 'vitest';
import {
  add,
  batchNormalization,
  conv,
  gradients,
  graphOf,
  input,
  leakyRelu,
  meanOf,
  mul,
  relu,
  sign,
  simplify,
  sub,
  abs,
} from '../../../src/engine/index.js';
import { rulesOf, lower } from '../../../src/engine/lowering/lower.js';
import { exactCentering } from '../../../src/engine/lowering/rewrites.js';
import { expectClose } from '../expectations.js';
import { operatorsOf, run, runAsWritten, targets } from '../running.js';
import { random } from '../tensors.js';

/** A small network with its gradients: a convolution, batch normalization, both kinks, and an L1 loss. */
function network() {
  const [x, w, scale, bias] = [
    input('input0', [2, 2, 4, 4]),
    input('input1', [3, 2, 3, 3]),
    input('input2', [3]),
    input('input3', [3]),
  ];
  const y = leakyRelu(batchNormalization(conv(x, w, { pads: 1, strides: 2 }), scale, bias), 0.2);
  const loss = add(meanOf(abs(sub(y, 0.3))), meanOf(relu(y)));
  const [gw, gs, gb] = gradients(loss, [w, scale, bias]);
  return graphOf({ loss, gw: gw!, gs: gs!, gb: gb! }, [x, w, scale, bias]);
}
const tensors = [random([2, 2, 4, 4], 1), random([3, 2, 3, 3], 2), random([3], 3, 0.5, 1.5), random([3], 4)];

describe('lower', () => {
  it.each(Object.entries(targets))('for %s preserves results', async (_, target) => {
    const graph = network();
    const [lowered, written] = [await run(graph, tensors, target), await runAsWritten(graph, tensors)];
    expect(Object.keys(lowered)).toEqual(Object.keys(written));
    for (const [name, expected] of Object.entries(written)) expectClose(lowered[name]!, expected);
  });

  it('keeps the names of inputs and outputs', () => {
    const graph = network();
    const lowered = lower(graph, targets.cpu);
    expect(lowered.inputs).toEqual(graph.inputs);
    expect(Object.keys(lowered.outputs)).toEqual(['loss', 'gw', 'gs', 'gb']);
  });

  it('for the CPU leaves none of the operators that are slow there', () => {
    const lowered = operatorsOf(lower(network(), targets.cpu));
    for (const slow of ['Where', 'Greater', 'Sign', 'BatchNormalization', 'Identity'])
      expect(lowered).not.toContain(slow);
  });

  it('for any target keeps the operators of masks', () => {
    const lowered = operatorsOf(lower(network(), targets.plain));
    for (const kept of ['Where', 'Greater', 'Sign']) expect(lowered).toContain(kept);
    expect(lowered).not.toContain('HardSigmoid');
  });

  it('simplifies the results of rewrite rules', () => {
    const x = input('x', [2]);
    const lowered = lower(graphOf({ y: mul(sign(x), sign(mul(x, 1))) }), targets.cpu);
    expect(operatorsOf(lowered)).toEqual(['Clip', 'Mul', 'Mul']);
    expect(operatorsOf(simplify(lowered))).toEqual(operatorsOf(lowered));
  });

  it('for the CPU in plain layouts applies every general rule', () => {
    // Blocked layouts center by themselves, so that rule is not among those that come before them.
    expect(rulesOf.cpu).toEqual(expect.arrayContaining(rulesOf.plain.filter((rule) => rule !== exactCentering)));
    const [x, vector] = [input('x', [2, 3]), input('vector', [3])];
    const graph = graphOf({ y: batchNormalization(x, vector, vector) });
    expect(operatorsOf(lower(graph, targets.cpu))).toEqual(operatorsOf(lower(graph, targets.plain)));
  });
});
