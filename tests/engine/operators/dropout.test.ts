import { describe, expect, it } from 'vitest';
import { dropout, gradients, graphOf, input, mul, sumOf } from '../../../src/engine/index.js';
import { compileSmall } from '../running.js';

describe('dropout', () => {
  it('is the identity in inference, also in gradients', async () => {
    const x = input('x', [3]);
    const y = dropout(mul(x, 2), 0.5);
    const program = await compileSmall(graphOf({ y, gradient: gradients(sumOf(y), [x])[0]! }));
    const results = await program.run({ x: Float32Array.of(1, -2, 3) });
    await program.release();
    expect([...results.y!.data]).toEqual([2, -4, 6]);
    expect([...results.gradient!.data]).toEqual([2, 2, 2]);
  });

  it.each([-0.1, 1.5, NaN])('rejects a ratio of %s', (ratio) => {
    expect(() => dropout(input('x', [3]), ratio)).toThrow(`expected a ratio from 0 to 1 but got ${ratio}`);
  });
});
