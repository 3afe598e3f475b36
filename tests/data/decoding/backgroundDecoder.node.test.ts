import { describe, expect, it } from 'vitest';
import { openImages } from '../../../src/data/decoding/decodedImages.node.js';
import { InputError } from '../../../src/errors.js';
import type { DecodeOptions } from '../../../src/images/decoding.js';
import { errorOf, expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { entriesOf, FORMAT, Numbers } from '../numbers.js';

describe('images on the way', () => {
  /** Images that are decoded only when they are let go. */
  function held(count: number, failures: Readonly<Record<number, string>> = {}) {
    const numbers = new Numbers(count, failures);
    const begun: number[] = [];
    const waiting = new Map<number, () => void>();
    const items = numbers.items.map((item, index) => ({
      ...item,
      decode: async (format: DecodeOptions) => {
        begun.push(index);
        await new Promise<void>((resolve) => waiting.set(index, resolve));
        return item.decode(format);
      },
    }));
    return { items, begun, release: (index: number) => waiting.get(index)!() };
  }
  /** All that can happen without another image being let go. */
  const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

  it('can be had one by one before the others, those first that are waited for', async () => {
    const { items, begun, release } = held(200, { 150: 'torn' });
    const opened = await openImages('numbers', items, FORMAT, { cacheFolder: temporaryFolder() });
    const first = [...begun];
    const [needed, torn] = [opened.ensureDecoded([170]), opened.ensureDecoded([150])];
    release(0);
    release(1);
    await settled();
    expect(begun.slice(first.length)).toEqual([170, 150]);
    release(170);
    release(150);
    await Promise.all([needed, torn]);
    const target = new Uint8Array(4);
    opened.copyImage(170, target, 0);
    expect([target[0], opened.isSkipped(170), opened.isSkipped(150)]).toEqual([170, false, true]);
    expect(() => opened.copyImage(171, target, 0)).toThrow('image 171 is not decoded');
    opened.close();
  });

  it('are decoded once however often they are waited for', async () => {
    const numbers = new Numbers(50);
    const opened = await openImages('numbers', numbers.items, FORMAT, { cacheFolder: temporaryFolder() });
    await Promise.all([opened.ensureDecoded([40, 40, 3]), opened.ensureDecoded([40]), opened.finish()]);
    await opened.ensureDecoded([40]);
    expect(numbers.decodings).toBe(50);
    opened.close();
  });

  it('refuse whoever waits for one, now or later, when another cannot be decoded under strict', async () => {
    const { items, begun, release } = held(200, { 0: 'torn', 1: 'wet' });
    const opened = await openImages('numbers', items, FORMAT, { cacheFolder: temporaryFolder(), strict: true });
    const waiting = errorOf(() => opened.ensureDecoded([190]));
    const finished = errorOf(() => opened.finish());
    await settled();
    // Those that are under way are finished, in whatever order.
    for (const index of [...begun].reverse()) release(index);
    expect(await waiting).toBeInstanceOf(InputError);
    expect(await waiting).toEqual(await finished);
    await expectInputError(() => opened.ensureDecoded([195]), 'numbers: image-0 cannot be used (torn)');
    opened.close();
  });

  it('leave nothing where they are closed half-way, and who waits for them hears of it', async () => {
    const cache = temporaryFolder();
    const { items, begun, release } = held(100);
    const opened = await openImages('numbers', items, FORMAT, { cacheFolder: cache });
    const [one, all] = [errorOf(() => opened.ensureDecoded([99])), errorOf(() => opened.finish())];
    release(0);
    await opened.ensureDecoded([0]);
    opened.close();
    expect((await one) instanceof Error).toBe(true);
    for (const index of begun.slice(1)) release(index);
    expect((await all) instanceof Error).toBe(true);
    await expect(opened.ensureDecoded([98])).rejects.toThrow('closed');
    expect(entriesOf(cache)).toEqual([]);
  });
});
