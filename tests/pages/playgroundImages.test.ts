import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../src/node.js';
import { decodeCheckpoint } from '../../src/training/checkpoint.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { makeTinyRun } from '../cli/tinyRun.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { digest, tinyConfiguration } from '../training/tinyTraining.js';
import { accessibilityViolations, hasChromium } from './browser.js';
import { pixelsOf } from './canvases.js';
import { iteration, named, poll, ready, untilIteration, usePlayground } from './playgroundSite.js';

const folder = sharedTemporaryFolder();
const run = join(folder, 'run');

describe.skipIf(!hasChromium)('the playground', () => {
  const { open } = usePlayground(folder);

  /** Drops a file of a few bytes. */
  const drop = (page: Page, file: string, bytes = 8) =>
    page.evaluate(
      ([name, size]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(size)], name));
        document
          .querySelector('main')!
          .dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
      },
      [file, bytes] as const,
    );

  describe('with digits', () => {
    beforeAll(async () => {
      writeNoiseArchive(join(folder, 'noise.npz'), 60);
      await makeTinyRun(
        run,
        tinyConfiguration({
          data: `npz:${join(folder, 'noise.npz')}`,
          ema: 0.9,
          testFraction: 0.2,
          batchNormStats: 'separate',
        }),
      );
    });
    const checkpoint = () =>
      join(
        run,
        'checkpoints',
        readdirSync(join(run, 'checkpoints')).findLast((name) => name.endsWith('.safetensors'))!,
      );

    it('trains, pauses, steps, saves, continues after a reload, continues a checkpoint, and explores it', async () => {
      const page = await open('#/digits', { acceptDownloads: true });
      // Before anything is trained, there are digits.
      await poll(async () => new Set(await pixelsOf(page, '#samples canvas')).size).toBeGreaterThan(30);
      expect(await page.textContent('#samples-heading')).toBe('Training images');
      await named(page, 'Width').selectOption('4');
      await ready(page);
      // Each press counts.
      for (let press = 0; press < 3; press++) await page.click('#step');
      await poll(() => iteration(page)).toBe(3);
      // Samples are gray after so few iterations, so they are shown with more contrast.
      await poll(() => page.textContent('#samples-heading')).toBe('Samples');
      expect(await page.textContent('main')).toContain('shown with more contrast');
      expect(new Set(await pixelsOf(page, '#samples canvas')).size).toBeGreaterThan(30);
      await page.click('#play');
      await untilIteration(page, 4);
      // A file that is no checkpoint is reported, and the training stays, paused.
      await page.setInputFiles('#checkpoint', {
        name: 'notes.safetensors',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from('no checkpoint'),
      });
      await poll(() => page.textContent('#status')).toMatch(/^the checkpoint: /u);
      expect(await page.textContent('#play')).toBe('Play');
      const paused = await iteration(page);
      await page.click('#step');
      await poll(() => iteration(page)).toBe(paused + 1);
      const save = async (button: string) => {
        await page.getByRole('button', { name: 'Save' }).click();
        await page.click(button);
      };
      await save('#save');
      await poll(() => page.textContent('#status')).toContain('is saved in this browser');
      const before = Number(/\d+/u.exec((await page.textContent('#status'))!)![0]);
      expect(before).toBe(paused + 1);
      await page.reload();
      await poll(() => page.textContent('#status')).toContain(`Continues from iteration ${before}`);
      const [download] = await Promise.all([page.waitForEvent('download'), save('#download')]);
      const stored = await decodeCheckpoint(readFileSync(await download.path()), 'downloaded', digest);
      expect([stored.step, stored.configuration.width]).toEqual([before, 4]);
      expect(download.suggestedFilename()).toBe(`${String(before).padStart(6, '0')}.safetensors`);

      await page.setInputFiles('#checkpoint', checkpoint());
      await poll(() => page.textContent('#status')).toMatch(/^Continues \d+\.safetensors on these digits\.$/u);
      expect(await page.textContent('#samples-heading')).toBe('Samples');
      const continued = await iteration(page);
      await page.click('#step');
      await poll(() => iteration(page)).toBe(continued + 1);
      await page.click('#explore');
      await poll(() => page.textContent('#model-name')).toBe(`Digits after ${continued + 1} iterations`);
      await page.waitForSelector('#samples button canvas');
      // A file that is no model is reported, and the model stays.
      await drop(page, 'damaged.safetensors');
      await poll(() => page.textContent('#status')).toMatch(/^the checkpoint: /u);
      await page.click('#resample');
      expect(await page.textContent('#model-name')).toBe(`Digits after ${continued + 1} iterations`);
      await page.click('a[href="#/digits"]');
      await poll(() => page.textContent('#status')).toContain(`Continues from iteration ${continued + 1}`);
    });

    it('explores a checkpoint: images are reconstructed as the command line does', async () => {
      const page = await open('#/explore');
      await page.setInputFiles('#model-file', checkpoint());
      await poll(() => page.textContent('#model-name')).toMatch(/\.safetensors$/u);
      const pixels = Uint8Array.from({ length: 1024 }, (_, index) => (index * 7) % 256);
      const buffer = await sharp(pixels, { raw: { width: 32, height: 32, channels: 1 } })
        .png()
        .toBuffer();
      await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#files')?.disabled === false);
      await page.setInputFiles('#files', { name: 'image.png', mimeType: 'image/png', buffer });
      await page.waitForSelector('#images li');
      const found = await page.$eval('#images li button canvas', (canvas) =>
        Array.from((canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 32, 32).data).filter(
          (_, index) => index % 4 === 0,
        ),
      );
      const model = await loadModel(run);
      const { data } = await model.reconstruct([{ data: pixels, width: 32, height: 32, channels: 1 }]);
      await model.release();
      expect(Math.max(...found.map((value, index) => Math.abs(value - data[index]!)))).toBeLessThanOrEqual(1);
    });
  });

  describe('with the visitor’s images', () => {
    /** A picture of one color, which is not a square. */
    const picture = async (index: number): Promise<Buffer> =>
      sharp({ create: { width: 60, height: 40, channels: 3, background: { r: 8 * index, g: 80, b: 255 - 8 * index } } })
        .png()
        .toBuffer();
    const files = async (count: number) =>
      Promise.all(
        Array.from({ length: count }, async (_, index) => ({
          name: `${index}.png`,
          mimeType: 'image/png',
          buffer: await picture(index),
        })),
      );
    const chosen = (page: Page) => page.textContent('#chosen');

    it('trains from the faces with the classes of folders, and saves a checkpoint that Node opens', async () => {
      const pictures = join(folder, 'pictures');
      for (const [index, { name, buffer }] of (await files(24)).entries()) {
        const place = join(pictures, index % 3 === 0 ? 'few' : 'many');
        mkdirSync(place, { recursive: true });
        writeFileSync(join(place, name), buffer);
      }
      writeFileSync(join(pictures, 'many', 'notes.txt'), 'no picture');
      const page = await open('#/images', { acceptDownloads: true });
      await page.setInputFiles('#image-folder', pictures);
      await ready(page);
      expect(await chosen(page)).toBe(
        '24 images from 2 folders: few (8), many (16); 1 file skipped, such as notes.txt: not an image that this browser can decode',
      );
      // Before any iteration, samples are faces: they differ, and are no single color.
      const colors = (selector: string) =>
        page.$eval(selector, (canvas) => {
          const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 32, 32);
          return new Set(Array.from({ length: 1024 }, (_, pixel) => data.slice(4 * pixel, 4 * pixel + 3).join())).size;
        });
      await poll(() => colors('#samples canvas')).toBeGreaterThan(100);
      expect(await page.$$eval('#samples h3', (rows) => rows.map(({ textContent }) => textContent))).toEqual([
        'few',
        'many',
      ]);
      await page.click('#play');
      await untilIteration(page, 2);
      await page.click('#play');
      await poll(() => page.textContent('#play')).toBe('Play');
      await page.getByRole('button', { name: 'Save' }).click();
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
      expect(download.suggestedFilename()).toMatch(/^images-\d{6}\.safetensors$/u);
      const file = join(folder, 'own.safetensors');
      await download.saveAs(file);
      const model = await loadModel(file);
      expect(model.classes).toEqual(['few', 'many']);
      const { count, shape } = await model.sample({ count: 2, class: 'many' });
      expect([count, ...shape]).toEqual([2, 3, 32, 32]);
      await model.release();
      // Without classes, training begins again.
      await page.uncheck('#use-classes');
      await poll(() => iteration(page)).toBe(0);
      expect(await page.$$('#samples h3')).toEqual([]);
    });

    it('says in one line what is wrong with files', async () => {
      const page = await open('#/images');
      await page.setInputFiles('#image-files', await files(3));
      await poll(() => chosen(page)).toBe('3 images: at least 20 are needed; choose more images');
      await page.setInputFiles('#image-files', {
        name: 'broken.png',
        mimeType: 'image/png',
        buffer: Buffer.from('no picture'),
      });
      await poll(() => chosen(page)).toMatch(
        /^0 images: at least 20 are needed \(1 file skipped, such as broken\.png/u,
      );
      expect(await page.$('#play')).toBeNull();
      // Files can be dropped anywhere on the page.
      await drop(page, 'notes.txt');
      await poll(() => chosen(page)).toMatch(/^0 images: at least 20 are needed .*notes\.txt/u);
      await drop(page, 'huge.png', 129 * 2 ** 20);
      await poll(() => chosen(page)).toContain('huge.png: larger than 128 MiB');
      expect(await accessibilityViolations(page)).toEqual([]);
      // Drawings replace missing pictures.
      await page.click('#example');
      await poll(() => chosen(page)).toBe('200 images from 2 folders: fish (100), flowers (100)');
    });
  });

  it('reconstructs what the visitor draws, with the bundled model', async () => {
    const page = await open('#/explore');
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#files')?.disabled === false);
    // It has a density of its codes.
    await page.waitForSelector('#samples .typicality');
    await page.getByRole('tab', { name: 'Your images' }).click();
    const box = (await page.locator('#pad').boundingBox())!;
    await page.mouse.move(box.x + 0.55 * box.width, box.y + 0.2 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.45 * box.width, box.y + 0.8 * box.height, { steps: 8 });
    await page.mouse.up();
    await page.waitForSelector('#images li');
    const [original, error] = await page.$eval('#images li', (item) => {
      const canvas = item.querySelector('canvas')!;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return [data.filter((_, index) => index % 4 === 0).reduce((sum, value) => sum + value, 0), item.textContent];
    });
    expect(original).toBeGreaterThan(0);
    // A one is reconstructed well.
    expect(Number(/L1 ([\d.]+)/u.exec(error)![1])).toBeLessThan(0.15);
  });
});
