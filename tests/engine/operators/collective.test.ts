import { describe, expect, it } from 'vitest';
import {
  constant,
  gradients,
  type Graph,
  graphOf,
  input,
  mul,
  reduceSum,
  simplify,
  square,
  sumOf,
  type Value,
} from '../../../src/engine/index.js';
import { allGather, allReduceSum, jointly, ownShare } from '../../../src/engine/operators/collective.js';
import type { Communicator } from '../../../src/engine/runtime/communicator.js';
import { compile } from '../../../src/engine/runtime/native.node.js';
import { expectShapeError } from '../expectations.js';
import { operatorsOf } from '../running.js';

const x = input('x', [4, 3]);

/** What the first rank holds, relative to the second. */
let factor = 1;

/** The second of two ranks. */
const second: Communicator = {
  rank: 1,
  size: 2,
  allReduceSum: (own, result) => own.forEach((element, index) => (result[index] = factor * element + element)),
  allGather: (own, result) => {
    result.set(own.map((element) => factor * element));
    result.set(own, own.length);
  },
  broadcast: () => undefined,
  barrier: () => undefined,
};

/** Runs a graph that both ranks have compiled, where the first holds 10 times as much. */
async function run(graph: Graph, feeds: Record<string, Float32Array>, communicator = second) {
  const program = await compile(graph, { threads: 1, communicator });
  factor = 10;
  try {
    return await program.run(feeds);
  } finally {
    factor = 1;
    await program.release();
  }
}

const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, index) => index + 1);

describe('a collective operator', () => {
  it('has the shape of its result', () => {
    expect(allReduceSum(x, 2).shape).toEqual([4, 3]);
    expect(allGather(x, 2).shape).toEqual([8, 3]);
    expect(ownShare(x, 2).shape).toEqual([2, 3]);
  });

  it('is absent with one rank', () => {
    for (const apply of [allReduceSum, allGather, ownShare]) expect(apply(x, 1)).toBe(x);
    const written = { ...(allReduceSum(x, 2) as Extract<Value, { kind: 'computed' }>), attributes: { ranks: 1 } };
    expect(operatorsOf(simplify(graphOf({ y: mul(written, 2) })))).toEqual(['Mul']);
  });

  it('rejects what it cannot take', () => {
    const indices = input('indices', [4], 'int64');
    expectShapeError(() => allReduceSum(indices, 2), 'AllReduceSum', 'float32');
    expectShapeError(() => allGather(constant(1), 2), 'AllGather', 'scalar');
    expectShapeError(() => ownShare(input('odd', [3]), 2), 'OwnShare', '2 equal parts');
  });

  it('is computed by the communicator', async () => {
    const results = await run(graphOf({ sum: allReduceSum(x, 2), all: allGather(x, 2), own: ownShare(x, 2) }), {
      x: numbers(12),
    });
    expect(results.sum!.data).toEqual(numbers(12).map((element) => 11 * element));
    expect(results.all!.data).toEqual(Float32Array.of(...numbers(12).map((element) => 10 * element), ...numbers(12)));
    expect(results.own!.data).toEqual(numbers(12).subarray(6));
  });

  it('has the gradient of the sum of the losses of all ranks', async () => {
    const weights = input('weights', [8, 3]);
    const [slope] = gradients(sumOf(mul(allGather(x, 2), weights)), [x]);
    const [total] = gradients(sumOf(square(allReduceSum(x, 2))), [x]);
    const { slope: gathered, total: reduced } = await run(graphOf({ slope: slope!, total: total! }), {
      x: numbers(12),
      weights: numbers(24),
    });
    // The weights of the other rank are 10 times as large, and so are its elements.
    expect(gathered!.data).toEqual(
      numbers(24)
        .subarray(12)
        .map((weight) => 11 * weight),
    );
    expect(reduced!.data).toEqual(numbers(12).map((element) => 2 * 11 * 11 * element));
  });

  it('fails with the message of the communicator', async () => {
    const broken = { ...second, allReduceSum: () => expect.fail('the connection is lost') };
    await expect(run(graphOf({ y: allReduceSum(x, 2) }), { x: numbers(12) }, broken)).rejects.toThrow(
      'the connection is lost',
    );
  });
});

describe('a graph that ranks compute together', () => {
  it('is compiled only if all ranks have the same one', async () => {
    factor = 2;
    await expect(compile(graphOf({ y: mul(x, 2) }), { threads: 1, communicator: second })).rejects.toThrow(
      'compiled graphs: not the same on ranks 0, 1; start all',
    );
    factor = 1;
  });

  it('is compiled only if the batch divides', async () => {
    const graph: Graph = { ...graphOf({ y: mul(input('odd', [3]), 2) }), batchAxes: { odd: 0 } };
    await expect(compile(graph, { communicator: second })).rejects.toThrow(
      'batch 3: cannot be divided among 2 processes',
    );
  });
});

describe('jointly', () => {
  it('reduces sums over a batch in one message', async () => {
    const batch = input('batch', [4, 3]);
    const [sum, squares] = jointly([reduceSum(batch, [0]), reduceSum(square(batch), [0])]);
    const graph: Graph = { ...graphOf({ sum: sum!, squares: squares! }), batchAxes: { batch: 0 } };
    let messages = 0;
    const counting: Communicator = {
      ...second,
      allReduceSum: (own, result) => (messages++, second.allReduceSum(own, result)),
    };
    const results = await run(graph, { batch: numbers(12) }, counting);
    expect(messages).toBe(1);
    // The second half of the batch, and what the other rank is said to hold.
    expect(results.sum!.data).toEqual(Float32Array.of(11 * 17, 11 * 19, 11 * 21));
    expect(results.squares!.data).toEqual(Float32Array.of(11 * 149, 11 * 185, 11 * 225));
  });

  it('is the values themselves in one process', async () => {
    const [sum] = jointly([reduceSum(x, [0]), reduceSum(square(x), [0])]);
    const program = await compile(graphOf({ sum: sum! }), { threads: 1 });
    expect((await program.run({ x: numbers(12) })).sum!.data).toEqual(Float32Array.of(22, 26, 30));
    await program.release();
  });
});
