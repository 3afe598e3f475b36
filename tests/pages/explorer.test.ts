import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { codeOnWalk } from '../../pages/explorer/walk.js';
import { distanceFromCodes } from '../../src/model/paths.js';
import { exportModel, loadModel } from '../../src/node.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { makeTinyRun } from '../cli/tinyRun.js';
import { expectWithin } from '../expectWithin.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { hasChromium, launch, serve } from './browser.js';

const folder = sharedTemporaryFolder();
const exported = join(folder, 'page');
const SIZE = 32;

describe('a walk', () => {
  const unit = (angle: number) => Float32Array.of(Math.cos(angle), Math.sin(angle));
  const distanceAt = (from: number, to: number, position: number) =>
    codeOnWalk('sphere', { code: unit(0), distance: from }, { code: unit(1), distance: to }, position).distance;

  it('is as far from codes as its ends at the ends, and between images as `interpolate`', () => {
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      expectWithin(distanceAt(from, to, 0), from, 1e-12);
      expectWithin(distanceAt(from, to, 1), to, 1e-12);
    }
    for (const position of [0.1, 0.5, 0.8]) {
      expectWithin(distanceAt(0, 0, position), distanceFromCodes(position), 1e-12);
      expect(distanceAt(1, 1, position)).toBe(1);
    }
  });
});

describe.skipIf(!hasChromium)('the page of an export', () => {
  let browser: Browser;

  beforeAll(async () => {
    writeNoiseArchive(join(folder, 'noise.npz'), 60);
    const settings = { data: `npz:${join(folder, 'noise.npz')}`, batchNormStats: 'separate', ema: 0.9, testFraction: 0.2 } as const;
    await makeTinyRun(join(folder, 'run'), tinyConfiguration(settings));
    await exportModel(join(folder, 'run'), exported, { web: true, threads: 1 });
    browser = await launch();
  });
  afterAll(() => browser?.close());

  /** Opens the page and waits for its samples. Fails on errors, violations of the policy, and requests of anything outside the folder. */
  async function openPage(address: string, size = { width: 900, height: 900 }): Promise<Page> {
    const page = await browser.newPage({ viewport: size });
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('request', (request) => request.url().startsWith(address.replace(/[^/]*$/, '')) || problems.push(request.url()));
    await page.goto(address);
    await page.waitForFunction(() => !(document.getElementById('files') as HTMLInputElement).disabled);
    onTestFinished(async () => {
      await page.close();
      expect(problems).toEqual([]);
    });
    return page;
  }

  const fromFile = (name = exported) => pathToFileURL(join(name, 'index.html')).href;

  /** The gray values of a canvas. */
  const pixelsOf = (page: Page, selector: string): Promise<number[]> =>
    page.$eval(selector, (canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      return Array.from((canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height).data).filter((_, index) => index % 4 === 0);
    });

  function expectSameImage(found: readonly number[], expected: Uint8Array): void {
    expect(found.length).toBe(expected.length);
    for (const [index, value] of found.entries()) expectWithin(value, expected[index]!, 1);
  }

  /** Gray images of the size of the model's, as PNG files and as bytes. */
  const originals = (count: number) =>
    Array.from({ length: count }, (_, image) => Uint8Array.from({ length: SIZE * SIZE }, (_pixel, index) => (image * 90 + index * (image + 3)) % 256));
  const filesOf = (images: readonly Uint8Array[]) =>
    Promise.all(
      images.map(async (pixels, index) => ({
        name: `image ${index}.png`,
        mimeType: 'image/png',
        buffer: await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 1 } })
          .png()
          .toBuffer(),
      })),
    );

  it('generates the samples of `agenet sample`', async () => {
    const page = await openPage(fromFile());
    const model = await loadModel(join(folder, 'run'));
    for (const seed of [0, 1]) {
      const { data } = await model.sample({ count: 24, seed });
      for (const index of [0, 23]) {
        const found = await pixelsOf(page, `#samples button:nth-child(${index + 1}) canvas`);
        expectSameImage(found, data.subarray(index * SIZE * SIZE, (index + 1) * SIZE * SIZE));
      }
      await page.click('#resample');
      await page.waitForTimeout(500);
    }
    await model.release();
  });

  it('reconstructs images and walks between them as `reconstruct` and `interpolate` do', async () => {
    const page = await openPage(fromFile());
    const [first, second] = originals(2) as [Uint8Array, Uint8Array];
    await page.setInputFiles('#files', await filesOf([first, second]));
    await page.waitForSelector('#images li:nth-child(2)');
    const model = await loadModel(join(folder, 'run'));
    const raster = (data: Uint8Array) => ({ data, width: SIZE, height: SIZE, channels: 1 });
    const { data } = await model.reconstruct([raster(first), raster(second)]);
    // The latest image is the first.
    expectSameImage(await pixelsOf(page, '#images li:nth-child(2) canvas'), first);
    expectSameImage(await pixelsOf(page, '#images li:nth-child(2) button canvas'), data.subarray(0, SIZE * SIZE));
    expectSameImage(await pixelsOf(page, '#images li:nth-child(1) button canvas'), data.subarray(SIZE * SIZE));
    const path = await model.interpolate([raster(first), raster(second)], { frames: 5 });
    for (const [position, frame] of [
      ['0.5', 2],
      ['0.25', 1],
    ] as const) {
      await page.fill('#position', position);
      await page.waitForTimeout(300);
      expectSameImage(await pixelsOf(page, '#frame'), path.data.subarray(frame * SIZE * SIZE, (frame + 1) * SIZE * SIZE));
    }
    await model.release();
  });

  it('crops, inverts and composites dropped images as training does', async () => {
    const page = await openPage(fromFile());
    const wide = await sharp({ create: { width: 96, height: 64, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } })
      .composite([{ input: { create: { width: 32, height: 64, channels: 3, background: { r: 255, g: 0, b: 0 } } }, left: 32, top: 0 }])
      .png()
      .toBuffer();
    await page.check('#invert');
    await page.evaluate((bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(bytes)], 'wide.png', { type: 'image/png' }));
      document.getElementById('drop')!.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, Array.from(wide));
    await page.waitForSelector('#images li');
    const pixels = await pixelsOf(page, '#images li canvas');
    // The middle 64x64: a quarter of transparent, so white, then red with a gray value of 127, and inverted.
    expect([pixels[2], pixels[SIZE / 2], pixels[SIZE - 3]]).toEqual([0, 128, 0]);
  });

  it('reports files that are no images, and reconstructs the rest', async () => {
    const page = await openPage(fromFile());
    await page.setInputFiles('#files', [{ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no image') }, ...(await filesOf(originals(1)))]);
    await page.waitForSelector('#images li');
    await expect.poll(() => page.textContent('#status')).toBe('notes.txt: not an image that this browser can decode');
  });

  it('plays a walk by keyboard, and fits a phone', async () => {
    const page = await openPage(fromFile(), { width: 360, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.focus('#samples button:nth-child(5)');
    await page.keyboard.press('Enter');
    await page.focus('#play');
    await page.keyboard.press('Enter');
    const before = await page.inputValue('#position');
    await expect.poll(() => page.inputValue('#position')).not.toBe(before);
    await page.keyboard.press('Enter');
    expect(await page.getAttribute('#play', 'aria-pressed')).toBe('false');
  });

  it('runs from a static host, and only its own scripts', async () => {
    const host = await serve({ '': exported });
    onTestFinished(host.close);
    const page = await openPage(`${host.address}index.html`);
    expect((await pixelsOf(page, '#frame')).length).toBe(SIZE * SIZE);
    const policy = (await page.getAttribute('meta[http-equiv="Content-Security-Policy"]', 'content'))!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/'unsafe-|\*|https?:/u);
  });

  it('explains that a file is missing', async () => {
    const incomplete = temporaryFolder();
    for (const name of readdirSync(exported).filter((file) => file !== 'runtime.js')) copyFileSync(join(exported, name), join(incomplete, name));
    const page = await browser.newPage();
    await page.goto(fromFile(incomplete));
    await expect.poll(() => page.textContent('#status')).toContain('runtime.js is missing');
    writeFileSync(join(incomplete, 'runtime.js'), 'globalThis.agenetRuntime = "damaged";');
    await page.reload();
    await expect.poll(() => page.getAttribute('#status', 'class')).toBe('failed');
    await page.close();
  });
});
