/** What canvases of a page show, and what its buttons save. */
import { readFileSync } from 'node:fs';
import type { Download, Page } from 'playwright-core';

/** The red channel of a canvas. */
export const pixelsOf = (page: Page, selector: string): Promise<number[]> =>
  page.$eval(selector, (canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    return Array.from((canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height).data).filter(
      (_, index) => index % 4 === 0,
    );
  });

/** The largest difference of a canvas from an image. */
export async function distance(page: Page, selector: string, expected: ArrayLike<number>): Promise<number> {
  const found = await pixelsOf(page, selector);
  return found.length === expected.length
    ? Math.max(...found.map((value, index) => Math.abs(value - expected[index]!)))
    : Infinity;
}

/** Presses a button, or an entry of a menu: "Save grid as PNG" is "As PNG" of "Save grid". */
async function press(page: Page, name: string): Promise<void> {
  const [, menu, format] = /^(.+) as (\w+)$/u.exec(name) ?? [];
  await page.getByRole('button', { name: menu ?? name, exact: true }).click();
  if (format) await page.getByRole('button', { name: `As ${format}`, exact: true }).click();
}

/** Presses a button, and returns the file that it saves. */
export async function saved(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all<[Promise<Download>, Promise<void>]>([
    page.waitForEvent('download'),
    press(page, button),
  ] as never);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}
