/** Operators over processes (ranks), each with its part of a batch. With one rank, each returns its operand. */
import { apply, requireFloat } from '../operator.js';
import { ShapeError } from '../shape.js';
import type { Operator, Value } from '../value.js';

export const COLLECTIVE_DOMAIN = 'agenet';

type RanksOperator = Operator<{ ranks: number }>;

const collective = (name: string): Omit<RanksOperator, 'infer'> => ({
  name,
  domain: COLLECTIVE_DOMAIN,
  // Kernels ask their communicator.
  parameters: () => ({ ranks: null }),
  simplify: ({ inputs: [x], attributes: { ranks } }) => (ranks === 1 ? x : undefined),
  flops: () => 0,
});

const acrossRanks =
  (operator: RanksOperator) =>
  (x: Value, ranks: number): Value =>
    ranks === 1 ? x : apply(operator, [x], { ranks });

const AllReduceSum: RanksOperator = {
  ...collective('AllReduceSum'),
  // Elements may be stored in another order if all processes do so.
  elementwise: true,
  keepsZero: true,
  infer([x]) {
    requireFloat([x]);
    return x;
  },
  gradient: ({ attributes: { ranks }, gradient }) => [() => allReduceSum(gradient, ranks)],
};

const AllGather: RanksOperator = {
  ...collective('AllGather'),
  infer([x], { ranks }) {
    requireFloat([x]);
    if (x.shape.length === 0) throw new ShapeError('a scalar has no axis to gather along');
    return { type: 'float32', shape: [ranks * x.shape[0]!, ...x.shape.slice(1)] };
  },
  gradient: ({ attributes: { ranks }, gradient }) => [() => ownShare(allReduceSum(gradient, ranks), ranks)],
};

const OwnShare: RanksOperator = {
  ...collective('OwnShare'),
  infer([x], { ranks }) {
    requireFloat([x]);
    const [rows, ...rest] = x.shape;
    if (rows === undefined || rows % ranks !== 0)
      throw new ShapeError(`the first axis does not divide into ${ranks} equal parts`);
    return { type: 'float32', shape: [rows / ranks, ...rest] };
  },
};

/** The sum over all ranks, on every rank. Its gradient is a sum, because losses of ranks add up. */
export const allReduceSum = acrossRanks(AllReduceSum);

/** Concatenates the tensors of all ranks, in their order, along the first axis. */
export const allGather = acrossRanks(AllGather);

/** The inverse of `allGather`, without a gradient. */
export const ownShare = acrossRanks(OwnShare);

const Jointly: Operator<{ index: number }> = {
  name: 'Jointly',
  infer: (inputs, { index }) => inputs[index]!,
  gradient: ({ inputs, attributes: { index }, gradient }) =>
    inputs.map((_, position) => (position === index ? () => gradient : null)),
  decomposition: (inputs, { index }) => inputs[index]!,
};

/** Returns the same values, whose sums over a shared batch one message then reduces. */
export const jointly = (values: readonly Value[]) => values.map((_, index) => apply(Jointly, values, { index }));
