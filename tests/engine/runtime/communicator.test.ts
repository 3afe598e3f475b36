import { describe, expect, it } from 'vitest';
import { ALONE, type Communicator, requireSame } from '../../../src/engine/runtime/communicator.js';
import { InputError } from '../../../src/errors.js';

describe('requireSame', () => {
  /** Ranks that hold these digests. */
  const among = (...digests: readonly Uint8Array[]): Communicator => ({
    ...ALONE,
    size: digests.length,
    allGather: (_, output) => digests.forEach((digest, rank) => output.set(digest, rank * digest.length)),
  });
  const [same, other] = [Uint8Array.of(255, 192, 0, 1), Uint8Array.of(255, 192, 0, 2)];

  const difference = { problem: 'they differ', remedy: 'copy them' };
  it('accepts ranks that have what rank 0 has', () => {
    expect(() => requireSame(among(same, same), same, difference)).not.toThrow();
  });

  it('names the others', () => {
    expect(() => requireSame(among(same, other), other, difference)).toThrow(
      new InputError('rank 1 and rank 0', 'they differ', 'copy them'),
    );
    expect(() => requireSame(among(same, other, same, other), other, difference)).toThrow(
      new InputError('ranks 1, 3 and rank 0', 'they differ', 'copy them'),
    );
  });
});
