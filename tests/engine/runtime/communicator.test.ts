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

  it('accepts ranks that have what rank 0 has', () => {
    expect(() => requireSame(among(same, same), same, 'weights', 'resume')).not.toThrow();
  });

  it('names the ranks that differ from rank 0', () => {
    const messageAmong = (...digests: readonly Uint8Array[]) => {
      expect(() => requireSame(among(...digests), other, 'weights', 'resume')).toThrow(InputError);
      return expect(() => requireSame(among(...digests), other, 'weights', 'resume'));
    };
    messageAmong(same, other).toThrow('weights: not the same on ranks 0, 1; resume');
    messageAmong(same, other, same, other).toThrow('weights: not the same on ranks 0, 1, 3; resume');
  });
});
