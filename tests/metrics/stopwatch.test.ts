import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Stopwatch } from '../../src/metrics/stopwatch.js';
import { errorOf } from '../rejection.js';

describe('the phases of a work', () => {
  it('are timed to a tenth of a second, those of one name together, also where they fail', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const phases = new Stopwatch();
    const seeing = () => {
      vi.advanceTimersByTime(1020);
      return 'seen';
    };
    expect(await phases.time('images', seeing)).toBe('seen');
    await phases.time('samples', () => vi.advanceTimersByTime(250));
    await phases.time('images', () => vi.advanceTimersByTime(520));
    const failing = () => {
      vi.advanceTimersByTime(3000);
      throw new Error('no');
    };
    expect(await errorOf(() => phases.time('latent', failing))).toEqual(new Error('no'));
    expect(phases.seconds).toEqual({ images: 1.5, samples: 0.3, latent: 3 });
  });
});
