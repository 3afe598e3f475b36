/** Differences between operator sets: nodes are read in the form of the newest one. */
import type { AttributeProto, NodeProto } from 'onnx-buf';
import { ShapeError } from '../shape.js';
import { type Budget, fill, type Known } from './known.js';

export const OLDEST_OPSET = 7;
export const NEWEST_OPSET = 22;

/** Attributes that became inputs: the first operator set with inputs, and the position of each. */
const BECAME_INPUTS: Record<string, readonly [since: number, positions: Record<string, number>]> = {
  Clip: [11, { min: 1, max: 2 }],
  Dropout: [12, { ratio: 1 }],
  Pad: [11, { pads: 1, value: 2 }],
  ReduceSum: [13, { axes: 1 }],
  Slice: [10, { starts: 1, ends: 2, axes: 3 }],
  Split: [13, { split: 1 }],
  Squeeze: [13, { axes: 1 }],
  TopK: [10, { k: 1 }],
  Unsqueeze: [13, { axes: 1 }],
  Upsample: [9, { scales: 1 }],
  ...Object.fromEntries(
    ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'].map((name) => [
      `Reduce${name}`,
      [18, { axes: 1 }],
    ]),
  ),
};

/** Returns the inputs that the newest operator set has in place of attributes. */
export function inputsOfAttributes({ opType, attribute }: NodeProto, opset: number, budget: Budget) {
  const [since, positions] = BECAME_INPUTS[opType] ?? [0, {}];
  if (opset >= since) return [];
  return attribute
    .filter(({ name }) => Object.hasOwn(positions, name))
    .map((each): readonly [number, Known] => [positions[each.name]!, knownOf(each, budget)]);
}

function knownOf({ type, f, i, ints, floats }: AttributeProto, budget: Budget): Known {
  const [FLOAT, INT, FLOATS, INTS] = [1, 2, 6, 7];
  switch (type as number) {
    case FLOAT:
      return fill(budget.allocate('float32', []), () => f);
    case INT:
      return fill(budget.allocate('int64', []), () => i);
    case FLOATS:
      return fill(budget.allocate('float32', [floats.length]), (index) => floats[index]!);
    case INTS:
      return fill(budget.allocate('int64', [ints.length]), (index) => ints[index]!);
    default:
      throw new ShapeError('has an attribute of an unexpected type');
  }
}

/** Softmax and its kin normalized all axes from this one on until operator set 13, then only this one. */
export const normalizesTrailingAxes = (opset: number) => opset < 13;

/** The default axis of Softmax and its kin. */
export const softmaxAxis = (opset: number) => (opset < 13 ? 1 : -1);

/** GroupNormalization scaled groups, not channels, until operator set 21. */
export const scalesGroups = (opset: number) => opset < 21;

/** Resize had no region of interest before operator set 11, and always the asymmetric coordinates. */
export const resizesAsymmetrically = (opset: number) => opset < 11;
