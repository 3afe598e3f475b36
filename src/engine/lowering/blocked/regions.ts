import { getOrCreate, topologicalOrder } from '../../graph.js';
import { sameShape, type Shape4 } from '../../shape.js';
import { type ComputedValue, constant, input, type Value } from '../../value.js';
import { type Convolution, isFeatureMap } from '../convolution.js';
import { isPointwise, matchConvolution } from './convolutionPlan.js';
import { type FeatureMapType, featureMapType, memoryShape } from './layout.js';

const ARITHMETIC: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul']);

/** Channels that fill a block must stay finite: zero kernels turn infinity into NaN. */
function isFunction({ operator, inputs, attributes }: ComputedValue) {
  if (!operator.elementwise || operator.evaluate === undefined || inputs.length !== 1 || inputs[0].type !== 'float32')
    return false;
  const samples = constant([-2, -1, 0, 1, 2]);
  return Array.from(operator.evaluate([samples], samples, attributes), Number).every(Number.isFinite);
}

export function isPerChannel({ type, shape }: Value, result: Value) {
  const channelAxis = 1 - result.shape.length + shape.length;
  return (
    type === 'float32' &&
    shape.every((size, axis) => size === 1 || (axis === channelAxis && size === result.shape[1])) &&
    !sameShape(shape, result.shape)
  );
}

export function isElementwise(value: Value): value is ComputedValue {
  if (value.kind !== 'computed' || value.type !== 'float32' || !isFeatureMap(value.shape)) return false;
  if (isFunction(value)) return true;
  return (
    ARITHMETIC.has(value.operator.name) &&
    value.inputs.every((operand) => sameShape(operand.shape, value.shape) || isPerChannel(operand, value))
  );
}

/**
 * Assigns a layout to each region: feature maps that elementwise operators connect, in forward and backward passes.
 * - Strided convolutions want their big map in phases and their small one whole. A region whose convolutions disagree
 *   is whole, and converted at those that want phases.
 * - A region with 1x1 convolutions only follows the region on their other side.
 * - A region in phases whose channels of all phases fit one block keeps them in a space-to-depth block.
 * - Feature maps that no convolution touches stay plain.
 */
export function assignLayouts(outputs: readonly Value[], block: number) {
  const order = topologicalOrder(outputs);
  const regions = regionsOf(order);
  const requests = new Map<readonly Value[], Set<number>>();
  const requestsOf = (value: Value) => getOrCreate(requests, regions.get(value)!, () => new Set());
  const sidesOf = ({ small, big }: Convolution) => [requestsOf(small), requestsOf(big)] as const;
  const convolutions = order.map(matchConvolution).filter((found) => found !== undefined);
  for (const convolution of convolutions) {
    const [small, big] = sidesOf(convolution);
    if (isPointwise(convolution)) continue;
    small.add(1);
    big.add(convolution.strides[0]!);
  }
  for (const convolution of convolutions.filter(isPointwise)) {
    const [small, big] = sidesOf(convolution);
    if (small.size === 0) big.forEach((phases) => small.add(phases));
    else if (big.size === 0) small.forEach((phases) => big.add(phases));
  }
  const types = new Map<Value, FeatureMapType>();
  for (const [region, wanted] of requests)
    for (const member of region) types.set(member, typeOf(member, wanted, block));
  // Operators with a blocked form pass layouts on to their results.
  for (const value of order) {
    if (types.has(value) || !regions.has(value) || !hasBlockedForm(value, types)) continue;
    for (const member of regions.get(value)!) types.set(member, featureMapType(member.shape, block));
  }
  return types;
}

function regionsOf(order: readonly Value[]) {
  const regions = new Map<Value, Value[]>();
  for (const value of order) {
    if (!isFeatureMap(value.shape) || value.type !== 'float32') continue;
    const operands = isElementwise(value)
      ? value.inputs.filter((operand) => sameShape(operand.shape, value.shape))
      : [];
    // The members of smaller regions move to the largest.
    const known = [
      ...new Set(operands.map((operand) => regions.get(operand)).filter((region) => region !== undefined)),
    ];
    const region = known.reduce((largest, each) => (each.length > largest.length ? each : largest), known[0] ?? []);
    for (const member of [...known.filter((each) => each !== region).flat(), value]) {
      region.push(member);
      regions.set(member, region);
    }
  }
  return regions;
}

function hasBlockedForm(value: Value, types: ReadonlyMap<Value, FeatureMapType>) {
  if (value.kind !== 'computed' || value.operator.blocked === undefined) return false;
  const operands = value.inputs.flatMap((operand) => types.get(operand) ?? []);
  if (operands.length < value.inputs.length) return false;
  const memory = operands.map((type) => input('operand', memoryShape(type)));
  return value.operator.blocked(memory as [Value, ...Value[]], { value, attributes: value.attributes }) !== undefined;
}

function typeOf({ shape }: Value, wanted: ReadonlySet<number>, block: number) {
  const [, channels, height, width] = shape as Shape4;
  const [only] = wanted;
  const fits = wanted.size === 1 && only !== undefined && height % only === 0 && width % only === 0;
  const phases = fits ? only : 1;
  const isDeep = phases > 1 && channels * phases ** 2 <= block;
  return featureMapType(shape, block, { kind: isDeep ? 'spaceToDepth' : 'blocked', phases });
}
