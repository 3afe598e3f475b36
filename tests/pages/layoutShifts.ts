/** Parts of a page that move while it loads. */
import type { Page } from 'playwright-core';

interface Shift {
  /** As in Cumulative Layout Shift. */
  value: number;
  /** The beginnings of the elements. */
  moved: (string | undefined)[];
}

/** Call it before the page is opened. */
export const recordShifts = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    type Entry = PerformanceEntry & { value: number; sources: { node: Element | null }[] };
    const shifts: Shift[] = [];
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries() as Entry[])
        shifts.push({ value, moved: sources.map(({ node }) => node?.outerHTML?.slice(0, 80)) });
    }).observe({ type: 'layout-shift', buffered: true });
  });

/** Returns the Cumulative Layout Shift so far. */
export async function recordedShifts(page: Page): Promise<{ total: number; moved: string[] }> {
  const shifts = await page.evaluate(() => (globalThis as unknown as { shifts: Shift[] }).shifts);
  return {
    total: shifts.reduce((sum, { value }) => sum + value, 0),
    moved: shifts.map(({ value, moved }) => `${value}: ${moved.join(' ')}`),
  };
}
