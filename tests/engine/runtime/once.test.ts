import { describe, expect, it } from 'vitest';
import { once } from '../../../src/engine/runtime/once.js';

describe('once', () => {
  it('makes one thing for all callers, also those that come before it is made', async () => {
    let made = 0;
    const get = once(() => Promise.resolve(++made));
    expect(get()).toBe(get());
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    expect(await get()).toBe(1);
  });

  it('tries again after a failure, which every caller of that attempt hears of', async () => {
    let attempts = 0;
    const get = once(() => (++attempts === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve(attempts)));
    expect((await Promise.allSettled([get(), get()])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await get()).toBe(2);
    expect(await get()).toBe(2);
  });
});
