import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { drawSampleCodes } from '../../src/density/codeDensity.js';
import { toBytes } from '../../src/images/raster.js';
import { randomStream } from '../../src/random.js';
import { decodeImage } from '../../src/images/decode.node.js';
import { exportModel, loadModel } from '../../src/node.js';
import type { Configuration } from '../../src/training/configuration.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { makeTinyRun } from '../cli/tinyRun.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { densityByClass } from '../density/codes.js';
import { hasChromium, launch, serve } from './browser.js';
import { distance, pixelsOf, saved } from './canvases.js';

const folder = sharedTemporaryFolder();
const pathOf = (run: string) => join(folder, `page of ${run}`);
const exported = pathOf('run');
/** Runs by name, with the changes of their configuration. */
const RUNS: Record<string, Partial<Configuration>> = {
  run: { batchNormStats: 'separate' },
  'shared statistics, normal prior': { batchNormStats: 'shared', prior: 'normal' },
  classes: { condition: 'class', classes: ['cat', 'dog', 'owl'] },
  'RGB, 64x64': { batchNormStats: 'separate', network: 'dcgan64', size: 64, channels: 3 },
};
/** Whose samples need a choice, or a picture. */
const CONDITIONAL: Record<string, Partial<Configuration>> = {
  attributes: {
    condition: 'attributes:labels.csv',
    attributes: [
      { name: 'kind', values: ['cat', 'dog'] },
      { name: 'age', low: 0, high: 10 },
    ],
  },
  gray: { condition: 'gray', channels: 3 },
  mask: { condition: 'mask', channels: 3 },
};
const SIZE = 32;

describe.skipIf(!hasChromium)('the page of an export', () => {
  let browser: Browser;

  beforeAll(async () => {
    writeNoiseArchive(join(folder, 'noise.npz'), 60);
    const settings = { data: `npz:${join(folder, 'noise.npz')}`, ema: 0.9, testFraction: 0.2 } as const;
    for (const [name, changes] of Object.entries({ ...RUNS, ...CONDITIONAL })) {
      const density = name === 'classes' ? densityByClass() : undefined;
      await makeTinyRun(join(folder, name), tinyConfiguration({ ...settings, ...changes }), 3, density);
      await exportModel(join(folder, name), pathOf(name), { web: true, threads: 1 });
    }
    browser = await launch();
  });
  afterAll(() => browser?.close());

  /**
   * Opens the page and waits for its samples. Fails on errors, violations of the policy, and requests of anything
   * outside the folder.
   */
  async function openPage(
    address: string,
    size = { width: 900, height: 900 },
    ready = '#samples button',
  ): Promise<Page> {
    const page = await browser.newPage({ viewport: size });
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on(
      'request',
      (request) => request.url().startsWith(address.replace(/[^/]*$/, '')) || problems.push(request.url()),
    );
    await page.goto(address);
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#files')?.disabled === false);
    await page.waitForSelector(ready, { state: 'attached' });
    onTestFinished(async () => {
      await page.close();
      expect(problems).toEqual([]);
    });
    return page;
  }

  const fromFile = (name = exported) => pathToFileURL(join(name, 'index.html')).href;

  const expectSameImage = (found: readonly number[], expected: Uint8Array): void =>
    expect(Math.max(...found.map((value, index) => Math.abs(value - expected[index]!)))).toBeLessThanOrEqual(1);

  /** The red channel of an image [C, H, W], which is what `pixelsOf` returns. */
  const firstChannel = (image: Uint8Array): Uint8Array =>
    image.subarray(0, image.length === 3 * 64 * 64 ? 64 * 64 : image.length);

  /** Gray images of the size of the model's, as PNG files and as bytes. */
  const originals = (count: number) =>
    Array.from({ length: count }, (_, image) =>
      Uint8Array.from({ length: SIZE * SIZE }, (_pixel, index) => (image * 90 + index * (image + 3)) % 256),
    );
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

  it.each(Object.keys(RUNS))('generates the samples of `agenet sample` (%s)', async (name) => {
    const page = await openPage(fromFile(pathOf(name)));
    const model = await loadModel(join(folder, name));
    const size = model.trained.imageElements;
    for (const seed of [0, 1]) {
      const { data } = await model.sample({ count: 24, seed });
      for (const index of [0, 23]) {
        // Samples that are asked for appear at once.
        const expected = firstChannel(data.subarray(index * size, (index + 1) * size));
        await expect
          .poll(() => distance(page, `#samples > :nth-child(${index + 1}) canvas`, expected))
          .toBeLessThanOrEqual(1);
      }
      await page.click('#resample');
    }
    await model.release();
  });

  it('shows samples of `agenet sample --class`', async () => {
    const page = await openPage(fromFile(pathOf('classes')));
    expect(await page.$$eval('#class option', (options) => options.map(({ textContent }) => textContent))).toEqual([
      'any',
      'cat',
      'dog',
      'owl',
    ]);
    const model = await loadModel(join(folder, 'classes'));
    const [any, dogs] = [await model.sample({ count: 24 }), await model.sample({ count: 24, class: 'dog' })];
    await model.release();
    expect(dogs.data).not.toEqual(any.data);
    await page.selectOption('#class', { label: 'dog' });
    const expected = dogs.data.subarray(23 * SIZE * SIZE, 24 * SIZE * SIZE);
    await expect.poll(() => distance(page, '#samples > :nth-child(24) canvas', expected)).toBeLessThanOrEqual(1);
  });

  it('shows samples of `agenet sample --where`', async () => {
    const page = await openPage(fromFile(pathOf('attributes')));
    const model = await loadModel(join(folder, 'attributes'));
    const { data } = await model.sample({ count: 24, where: 'kind=dog,age=10' });
    await model.release();
    await page.getByText('Attributes of samples').click();
    await page.locator('.samples').getByLabel('kind').selectOption('dog');
    await page.locator('.samples').getByRole('slider', { name: 'age' }).fill('10');
    const expected = data.subarray(23 * SIZE * SIZE, 24 * SIZE * SIZE);
    await expect.poll(() => distance(page, '#samples > :nth-child(24) canvas', expected)).toBeLessThanOrEqual(1);
  });

  it('generates the selected code with another class, and mixes classes', async () => {
    const page = await openPage(fromFile(pathOf('classes')));
    const model = await loadModel(join(folder, 'classes'));
    const code = drawSampleCodes(model.trained, 2, randomStream(0, 'samples')).subarray(0, 8);
    const imageOf = async (y: readonly number[]) =>
      toBytes(await model.trained.decode({ z: code, y: Float32Array.from(y) }));
    await page.getByRole('tab', { name: 'Attributes' }).click();
    await page.selectOption('#selected-class', { label: 'dog' });
    await expect.poll(async () => distance(page, '#selected', await imageOf([0, 1, 0]))).toBeLessThanOrEqual(1);
    await page.click('#undo');
    await expect.poll(() => page.inputValue('#selected-class')).toBe('');
    await expect.poll(async () => distance(page, '#selected', await imageOf([0, 0, 0]))).toBeLessThanOrEqual(1);
    // The code of the first with the condition of the second.
    await page.selectOption('#class', { label: 'owl' });
    await page.waitForSelector('#samples > :nth-child(24) canvas');
    await page.getByRole('tab', { name: 'Mix and walk' }).click();
    await page.locator('#sides button').nth(1).click();
    await page.click('#samples > :nth-child(2) .tile');
    await page.selectOption('#path-condition', { label: 'of the second image' });
    await page.fill('#position', '0');
    await expect.poll(async () => distance(page, '#selected', await imageOf([0, 0, 1]))).toBeLessThanOrEqual(1);
    await model.release();
  });

  it('completes images as `agenet complete` does', async () => {
    const page = await openPage(fromFile(pathOf('gray')), undefined, '#completion-problem');
    const pixels = Uint8Array.from({ length: 3 * SIZE * SIZE }, (_, index) => (index * 7) % 256);
    const buffer = await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } })
      .png()
      .toBuffer();
    const model = await loadModel(join(folder, 'gray'));
    const { data } = await model.complete(buffer);
    await model.release();
    await page.setInputFiles('#files', { name: 'noise.png', mimeType: 'image/png', buffer });
    const area = SIZE * SIZE;
    // The command gives a photo exactly its luminance, after rounding.
    for (const index of [0, 1, 6])
      await expect
        .poll(() =>
          distance(
            page,
            `#completions canvas:nth-child(${index + 1})`,
            data.subarray(3 * index * area, (3 * index + 1) * area),
          ),
        )
        .toBeLessThanOrEqual(2);
  });

  it('fills holes that the visitor paints as `agenet complete --mask` does', async () => {
    const page = await openPage(fromFile(pathOf('mask')));
    const area = SIZE * SIZE;
    const png = (pixels: Uint8Array, channels: 1 | 3) =>
      sharp(pixels, { raw: { width: SIZE, height: SIZE, channels } })
        .png()
        .toBuffer();
    const photo = Uint8Array.from({ length: 3 * area }, (_, index) => (index * 7) % 256);
    await page.setInputFiles('#files', { name: 'noise.png', mimeType: 'image/png', buffer: await png(photo, 3) });
    const pad = page.locator('.hole canvas');
    const model = await loadModel(join(folder, 'mask'));
    const expectCompletions = async (isHidden: (row: number, column: number) => boolean) => {
      const hole = Uint8Array.from({ length: area }, (_, at) => (isHidden(Math.floor(at / SIZE), at % SIZE) ? 255 : 0));
      const { data } = await model.complete(await png(photo, 3), { mask: await png(hole, 1) });
      for (const index of [1, 6]) {
        const expected = data.subarray(3 * index * area, (3 * index + 1) * area);
        await expect
          .poll(() => distance(page, `#completions .place:nth-child(${index}) canvas`, expected))
          .toBeLessThanOrEqual(2);
      }
    };
    // The middle is hidden at first.
    const isMiddle = (at: number) => at >= SIZE / 4 && at < (3 * SIZE) / 4;
    await expectCompletions((row, column) => isMiddle(row) && isMiddle(column));
    await page.getByRole('button', { name: 'Show all' }).click();
    const { x, y, width } = (await pad.boundingBox())!;
    await page.mouse.move(x + width / 4, y + width / 4);
    await page.mouse.down();
    await page.mouse.up();
    const scale = SIZE / width;
    const isPainted = (row: number, column: number) =>
      Math.hypot(row + 0.5 - (width / 4) * scale, column + 0.5 - (width / 4) * scale) <= SIZE / 14;
    await expectCompletions(isPainted);
    await model.release();
    // A completion that is kept is generated again from its code, its picture and its hole.
    const kept = await pixelsOf(page, '#completions .place:nth-child(2) canvas');
    await page.locator('#completions .place:nth-child(2) .star').click();
    await page.reload();
    await page.getByRole('tab', { name: 'Favorites (1)' }).click();
    await page.locator('#favorites .tile').click();
    await expect.poll(() => distance(page, '#selected', kept)).toBeLessThanOrEqual(2);
    expect(await page.textContent('.selected-name')).toBe('completion 2 of noise.png');
  });

  it('encodes images with the class that it predicts, as `agenet reconstruct` does', async () => {
    const page = await openPage(fromFile(pathOf('classes')));
    const [original] = originals(1) as [Uint8Array];
    await page.setInputFiles('#files', await filesOf([original]));
    const model = await loadModel(join(folder, 'classes'));
    const { data } = await model.reconstruct([{ data: original, width: SIZE, height: SIZE, channels: 1 }]);
    await model.release();
    await expect.poll(() => distance(page, '#images li:nth-child(1) button canvas', data)).toBeLessThanOrEqual(1);
  });

  it('shows samples of `agenet sample --refine 0`', async () => {
    const page = await openPage(fromFile());
    const model = await loadModel(join(folder, 'run'));
    const { data } = await model.sample({ count: 24, refine: 0 });
    await model.release();
    await page.uncheck('#refine');
    for (const index of [0, 23]) {
      const expected = data.subarray(index * SIZE * SIZE, (index + 1) * SIZE * SIZE);
      await expect
        .poll(() => distance(page, `#samples > :nth-child(${index + 1}) canvas`, expected))
        .toBeLessThanOrEqual(1);
    }
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
    const codes = await model.encode([raster(first)]);
    const label = `Code: ${codes.length} coordinates, ${Array.from(codes.subarray(0, 3), (value) => value.toFixed(2)).join(', ')}…`;
    await expect.poll(() => page.getAttribute('#images li:nth-child(2) canvas.code', 'aria-label')).toBe(label);
    const path = await model.interpolate([raster(first), raster(second)], { frames: 5 });
    await page.getByRole('tab', { name: 'Mix and walk' }).click();
    for (const [position, frame] of [
      ['0.5', 2],
      ['0.25', 1],
    ] as const) {
      await page.fill('#position', position);
      await expect
        .poll(() => distance(page, '#selected', path.data.subarray(frame * SIZE * SIZE, (frame + 1) * SIZE * SIZE)))
        .toBeLessThanOrEqual(1);
    }
    await model.release();
  });

  it('reconstructs a drawing, and saves samples, reconstructions and the walk', async () => {
    const page = await openPage(fromFile());
    const sizeOf = async (bytes: Buffer) => {
      const { width, height, pages } = await sharp(bytes, { animated: true }).metadata();
      return pages === undefined ? [width, height] : [width, height / pages, pages];
    };
    await page.getByRole('tab', { name: 'Your images' }).click();
    const pad = (await page.locator('#pad').boundingBox())!;
    await page.mouse.move(pad.x + 0.5 * pad.width, pad.y + 0.2 * pad.height);
    await page.mouse.down();
    await page.mouse.move(pad.x + 0.5 * pad.width, pad.y + 0.8 * pad.height, { steps: 5 });
    await page.mouse.up();
    await page.waitForSelector('#images li');
    await expect.poll(() => page.textContent('#images .caption')).toBe('drawing');
    const pair = await saved(page, 'Save reconstructions as PNG');
    expect(await sizeOf(pair.bytes)).toEqual([2 * 34 + 2, 34 + 2]);
    await page.getByRole('tab', { name: 'Mix and walk' }).click();
    const walk = await saved(page, 'Save animation (GIF)');
    expect(await sizeOf(walk.bytes)).toEqual([160, 160, 48]);
    expect(await sizeOf((await saved(page, 'Save path as PNG')).bytes)).toEqual([7 * 34 + 2, 36]);
    await page.getByRole('tab', { name: 'Samples' }).click();
    const samples = await saved(page, 'Save grid as PNG');
    // 12 rows of 8 would be as good; there are no empty places.
    expect(samples.name).toMatch(/-96-samples-of-seed-0\.png$/u);
    expect(await sizeOf(samples.bytes)).toEqual([12 * 34 + 2, 8 * 34 + 2]);
  });

  it('reconstructs a drawing in color', async () => {
    const page = await openPage(fromFile(pathOf('RGB, 64x64')));
    await page.getByRole('tab', { name: 'Your images' }).click();
    await page.fill('#brush-color', '#ff0000');
    await page.fill('#brush-size', '48');
    const pad = (await page.locator('#pad').boundingBox())!;
    await page.mouse.move(pad.x + 0.5 * pad.width, pad.y + 0.5 * pad.height);
    await page.mouse.down();
    await page.mouse.move(pad.x + 0.6 * pad.width, pad.y + 0.5 * pad.height, { steps: 3 });
    await page.mouse.up();
    await page.waitForSelector('#images li');
    const colorAt = (x: number) =>
      page.$eval(
        '#images li canvas',
        (canvas, x) => [...(canvas as HTMLCanvasElement).getContext('2d')!.getImageData(x, 32, 1, 1).data],
        x,
      );
    expect(await colorAt(32)).toEqual([255, 0, 0, 255]);
    expect(await colorAt(4)).toEqual([255, 255, 255, 255]);
  });

  it('crops, inverts and composites dropped images as training does', async () => {
    const page = await openPage(fromFile());
    const wide = await sharp({
      create: { width: 96, height: 64, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
    })
      .composite([
        {
          input: { create: { width: 32, height: 64, channels: 3, background: { r: 255, g: 0, b: 0 } } },
          left: 32,
          top: 0,
        },
      ])
      .png()
      .toBuffer();
    await page.getByRole('tab', { name: 'Your images' }).click();
    await page.check('#invert');
    await page.evaluate((bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(bytes)], 'wide.png', { type: 'image/png' }));
      document
        .getElementById('drop')!
        .dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, Array.from(wide));
    await page.waitForSelector('#images li');
    const pixels = await pixelsOf(page, '#images li canvas');
    // The middle 64x64: a quarter of transparent, so white, then red with a gray value of 127, and inverted.
    expect([pixels[2], pixels[SIZE / 2], pixels[SIZE - 3]]).toEqual([0, 128, 0]);
  });

  it('crops at whole pixels of the resized image, as training does', async () => {
    const page = await openPage(fromFile());
    const [width, height] = [65, 41];
    const gradient = Uint8Array.from(
      { length: width * height },
      (_, index) => 3 * (index % width) + Math.floor(index / width),
    );
    const buffer = await sharp(gradient, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer();
    await page.setInputFiles('#files', [{ name: 'gradient.png', mimeType: 'image/png', buffer }]);
    await page.waitForSelector('#images li');
    const decoded = (await decodeImage(buffer, { size: SIZE, channels: 1 })) as { pixels: Uint8Array };
    // Filters differ; half a pixel of the result would be a difference of 2.
    const found = await pixelsOf(page, '#images li canvas');
    const mean = found.reduce((sum, value, index) => sum + value - decoded.pixels[index]!, 0) / found.length;
    expect(Math.abs(mean)).toBeLessThan(0.5);
  });

  it('reports files that are no images, and reconstructs the rest', async () => {
    const page = await openPage(fromFile());
    await page.setInputFiles('#files', [
      { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no image') },
      ...(await filesOf(originals(1))),
    ]);
    await page.waitForSelector('#images li');
    await expect.poll(() => page.textContent('#problems')).toBe('notes.txt: not an image that this browser can decode');
  });

  it('plays a walk by keyboard, and fits a phone', async () => {
    const page = await openPage(fromFile(), { width: 360, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.focus('#samples > :nth-child(5) .tile');
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Mix and walk' }).click();
    await page.focus('#play');
    await page.keyboard.press('Enter');
    const before = await page.inputValue('#position');
    await expect.poll(() => page.inputValue('#position')).not.toBe(before);
    await expect.poll(() => page.textContent('#play')).toBe('Pause');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.textContent('#play')).toBe('Play');
  });

  it('runs from a static host, and only its own scripts', async () => {
    const host = await serve({ '': exported });
    onTestFinished(host.close);
    const page = await openPage(`${host.address}index.html`);
    expect((await pixelsOf(page, '#selected')).length).toBe(SIZE * SIZE);
    const policy = (await page.getAttribute('meta[http-equiv="Content-Security-Policy"]', 'content'))!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/'unsafe-|\*|https?:/u);
  });

  it('explains that a file is missing', async () => {
    const incomplete = temporaryFolder();
    for (const name of readdirSync(exported).filter((file) => file !== 'runtime.js'))
      copyFileSync(join(exported, name), join(incomplete, name));
    const page = await browser.newPage();
    await page.goto(fromFile(incomplete));
    await expect.poll(() => page.textContent('#status')).toContain('runtime.js is missing');
    writeFileSync(join(incomplete, 'runtime.js'), 'globalThis.agenetRuntime = "damaged";');
    await page.reload();
    await expect.poll(() => page.getAttribute('#status', 'class')).toContain('failed');
    await page.close();
  });
});
