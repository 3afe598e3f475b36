import { describe, expect, it } from 'vitest';
import { coresOfOthers, loadRemark, readLoad } from '../../src/cli/machineLoad.js';

describe('the load of other programs', () => {
  it('is the time of busy cores without the time of this process', () => {
    const before = { clock: 10, busy: 100, own: 5 };
    expect(coresOfOthers(before, { clock: 12, busy: 104, own: 6 })).toBe(1.5);
    expect(coresOfOthers(before, { clock: 12, busy: 101, own: 7 })).toBe(0);
    expect(coresOfOthers(before, before)).toBe(0);
  });

  it('can be read', () => {
    const { clock, busy, own } = readLoad();
    expect([clock, busy, own].every((value) => Number.isFinite(value) && value > 0)).toBe(true);
  });

  it('is remarked if threads would wait, with the number of free cores', () => {
    expect(loadRemark(1, 2, 2)).toBe(
      'other programs use 1.0 of 2 cores, and 2 threads that wait for them can be slower than 1',
    );
    expect(loadRemark(0.3, 2, 2)).toBeUndefined();
    expect(loadRemark(2, 1, 2)).toBeUndefined();
    expect(loadRemark(3, 8, 8)).toMatch(/slower than 5$/u);
  });
});
