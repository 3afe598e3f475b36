import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeNpy } from '../../src/data/formats/npy.js';
import { type CodeDensity, drawSampleCodes } from '../../src/density/codeDensity.js';
import { fitTypicality } from '../../src/density/typicality.js';
import { meanDifference, moveCodes } from '../../src/model/attribute.js';
import { mapCodes } from '../../src/model/codeMap.js';
import { codeBetween } from '../../src/model/paths.js';
import type { Model } from '../../src/node.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { accessibilityViolations, hasChromium, launch, type StaticHost } from './browser.js';
import { distance, saved } from './canvases.js';
import { recordedShifts, recordShifts } from './layoutShifts.js';
import { AREA, COUNT, imageAt, labels, LATENT, rasterOf, serveExploredSite, SIZE, STEPS } from './exploredSite.js';

const folder = sharedTemporaryFolder();
const DESKTOP = { width: 1280, height: 800 } as const;

describe.skipIf(!hasChromium)('the view that explores a model', () => {
  let browser: Browser;
  let host: StaticHost;
  let model: Model;
  /** With labeled data. */
  let page: Page;
  /** With a density, and data without labels. */
  let fitted: Page;
  /** Errors, and violations of the policy. */
  const problems: string[] = [];
  /** Of the data [N, M]. */
  let codes: Float32Array;
  let density: CodeDensity;

  beforeAll(async () => {
    ({ host, model, codes, density } = await serveExploredSite(folder));
    browser = await launch();
    page = await open('labeled');
    fitted = await open('fitted');
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));
  afterAll(async () => {
    await browser?.close();
    host?.close();
    await model?.release();
  });

  const codeAt = (index: number): Float32Array => codes.slice(index * LATENT, (index + 1) * LATENT);

  /** Opens the view, and waits for the first image. */
  async function open(data: string): Promise<Page> {
    const opened = await browser.newPage({ viewport: DESKTOP });
    opened.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    opened.on('pageerror', ({ message }) => problems.push(message));
    await recordShifts(opened);
    await opened.goto(`${host.address}?data=${data}&name=tiny, iteration ${STEPS}`);
    await opened.waitForSelector('#selected');
    return opened;
  }
  /** Goes to an address, and selects the first sample, which all tests begin with. */
  async function show(address: string): Promise<void> {
    await page.evaluate(() => (location.hash = 'tab=samples&seed=0'));
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#seed')!.value === '0');
    await page.click('#samples button');
    await expect.poll(() => page.textContent('.selected-name')).toBe('sample 1 of seed 0');
    await page.evaluate((hash) => (location.hash = hash), address);
  }

  const tab = (name: string) => page.getByRole('tab', { name: new RegExp(`^${name}`, 'u') });
  const query = () => Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.slice(1)));
  /** Waits until a canvas shows an image, up to rounding. */
  const showsImage = (selector: string, expected: ArrayLike<number>) =>
    expect.poll(() => distance(page, selector, expected), { timeout: 20_000 }).toBeLessThanOrEqual(1);

  /** The selected code, as it is saved. */
  const selectedCode = async (): Promise<number[]> => {
    const { codes: found } = JSON.parse((await saved(page, 'Save code as JSON')).bytes.toString()) as {
      codes: { code: number[] }[];
    };
    return found[0]!.code;
  };
  const expectCode = (found: readonly number[], expected: ArrayLike<number>): void => {
    expect(found.length).toBe(expected.length);
    found.forEach((value, index) => expectWithin(value, expected[index]!, 1e-4));
  };

  it('moves nothing when it loads', async () => {
    await page.waitForFunction(() => document.querySelector<HTMLButtonElement>('#more')?.disabled === false);
    const { total, moved } = await recordedShifts(page);
    expect(total, moved.join('\n')).toBeLessThan(0.02);
  });

  it('shows samples of `agenet sample`, and more as one scrolls or asks for them', async () => {
    await show('seed=2');
    const tiles = page.locator('#samples .place > .tile');
    await expect.poll(() => tiles.count()).toBeGreaterThanOrEqual(48);
    const { data } = await model.sample({ count: 48, seed: 2 });
    for (const index of [0, 30])
      await showsImage(`#samples > :nth-child(${index + 1}) canvas`, data.subarray(index * AREA, (index + 1) * AREA));
    // There is more than fits, and no more than is near.
    let before = 0;
    await expect
      .poll(
        async () => {
          const last = before;
          before = await tiles.count();
          return before === last && (await page.isEnabled('#more'));
        },
        { interval: 500 },
      )
      .toBe(true);
    await page.click('#more');
    await expect.poll(() => tiles.count()).toBeGreaterThanOrEqual(before + 24);
    await page.$eval('.samples .scroll', (area) => area.scrollTo(0, area.scrollHeight));
    await expect.poll(() => tiles.count()).toBeGreaterThan(before + 24);
    await tiles.nth(0).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.textContent('.selected-name')).toBe('sample 2 of seed 2');
    await expect.poll(() => tiles.nth(1).getAttribute('aria-pressed')).toBe('true');
    await page.click('#resample');
    await expect.poll(query).toEqual({ seed: '3' });
  });

  it('shows samples of `agenet sample --refine 0`', async () => {
    await show('seed=2');
    await page.uncheck('#refine');
    await expect.poll(query).toEqual({ seed: '2', refine: '0' });
    const { data } = await model.sample({ count: 6, seed: 2, refine: 0 });
    await showsImage('#samples > :nth-child(6) canvas', data.subarray(5 * AREA));
    await page.click('#samples > :nth-child(6) .tile');
    await expect.poll(() => page.textContent('.selected-name')).toBe('one-pass sample 6 of seed 2');
    await expect.poll(() => page.getAttribute('#samples > :nth-child(6) .tile', 'aria-pressed')).toBe('true');
    await page.check('#refine');
    await expect.poll(query).toEqual({ seed: '2' });
  });

  it('reconstructs an image as `agenet reconstruct` does, and shows it in the center of the plane', async () => {
    await show('');
    await tab('Your images').click();
    const buffer = await sharp(imageAt(0), { raw: { width: SIZE, height: SIZE, channels: 1 } })
      .png()
      .toBuffer();
    await page.setInputFiles('#files', { name: 'stripe.png', mimeType: 'image/png', buffer });
    const { data } = await model.reconstruct([rasterOf(imageAt(0))]);
    await page.waitForSelector('#images li');
    await showsImage('#images li button canvas', data);
    await showsImage('#selected', data);
    expectCode(await selectedCode(), codeAt(0));

    const pad = page.getByRole('slider', { name: 'Position on the plane' });
    await expect.poll(() => pad.getAttribute('aria-valuetext')).toBe('center');
    await pad.press('ArrowRight');
    await pad.press('Shift+ArrowUp');
    await expect.poll(() => pad.getAttribute('aria-valuetext')).toBe('3° right, 15° up');
    await expect.poll(() => distance(page, '#selected', data)).toBeGreaterThan(1);
    await expect.poll(() => page.textContent('.selected-name')).toBe('stripe.png, changed');
    const moved = await selectedCode();
    const angle = Math.acos(moved.reduce((sum, value, index) => sum + value * codes[index]!, 0));
    expectWithin((angle * 180) / Math.PI, Math.hypot(3, 15), 0.05);
    const box = (await pad.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    const plane = await sharp((await saved(page, 'Save plane as PNG')).bytes).metadata();
    expect(plane.height).toBe(7 * (SIZE + 2) + 2);
    await expect.poll(() => pad.getAttribute('aria-valuetext')).toBe('45° left');
    // The drag is one step.
    await page.click('#undo');
    await expect.poll(() => pad.getAttribute('aria-valuetext')).toBe('3° right, 15° up');
    expectCode(await selectedCode(), moved);
    await pad.press('Home');
    await expect.poll(() => pad.getAttribute('aria-valuetext')).toBe('center');
    await showsImage('#selected', data);
    expectCode(await selectedCode(), codeAt(0));
  });

  it('finds the nearest images of the data, and selects one', async () => {
    await show('tab=neighbors');
    const selected = await selectedCode();
    const cosines = Array.from({ length: COUNT }, (_, index) =>
      codeAt(index).reduce((sum, value, place) => sum + value * selected[place]!, 0),
    );
    const nearest = [...cosines.keys()].sort((a, b) => cosines[b]! - cosines[a]!);
    await page.waitForSelector('#neighbors li');
    const found = await page.$$eval('#neighbors button', (buttons) =>
      buttons.map((button) => button.getAttribute('aria-label')!),
    );
    expect(found.length).toBe(24);
    for (const rank of [0, 1, 2, 23]) {
      const [, image, cosine] = /^image (\d+) \(\w+\), cosine (-?[\d.]+)$/u.exec(found[rank]!)!;
      // Codes are equal up to rounding, and neighbors may be as near.
      expectWithin(Number(cosine), cosines[nearest[rank]!]!, 1e-3);
      expectWithin(cosines[Number(image) - 1]!, cosines[nearest[rank]!]!, 1e-4);
    }
    await showsImage('#neighbors li canvas', imageAt(Number(/\d+/u.exec(found[0]!)![0]) - 1));
    await page.click('#neighbors button');
    await expect.poll(() => page.textContent('.selected-name')).toMatch(/^image \d+ \((top|middle|bottom)\)$/u);
    // The image itself is the nearest now.
    await expect.poll(() => page.textContent('#neighbors .caption')).toBe('1.000');
  });

  it('moves the selected code along the direction of a class', async () => {
    await show('tool=attributes');
    const before = await selectedCode();
    const slider = page.getByRole('slider', { name: 'middle' });
    await slider.fill('30');
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toBe('30°');
    const of = (isMember: boolean): Float32Array =>
      codes.filter((_, index) => (labels[Math.floor(index / LATENT)] === 1) === isMember);
    const expected = moveCodes(
      'sphere',
      Float32Array.from(before),
      meanDifference(of(true), of(false), LATENT),
      Math.PI / 6,
    );
    await showsImage('#selected', (await model.decode(expected, { distance: 0.25 })).data);
    await expect.poll(() => page.textContent('.selected-name')).toBe('sample 1 of seed 0, changed');
    expectCode(await selectedCode(), expected);
    await page.click('#reset-attributes');
    await expect.poll(() => slider.inputValue()).toBe('0');
    expectCode(await selectedCode(), before);
  });

  it('explains that data without labels have no attributes', async () => {
    await fitted.getByRole('tab', { name: 'Attributes' }).click();
    await expect.poll(() => fitted.textContent('#no-classes')).toContain('have no labels');
  });

  /** Where the map shows an image: principal components, fitted into the middle nine tenths of a square. */
  async function positionOnMap(
    index: number,
    box: { x: number; y: number; width: number; height: number },
  ): Promise<[number, number]> {
    const { points } = await mapCodes({ data: codes, width: LATENT }, 'pca');
    const alongAxis = [0, 1].map((axis) => points.filter((_, place) => place % 2 === axis));
    const [low, high] = [
      alongAxis.map((values) => Math.min(...values)),
      alongAxis.map((values) => Math.max(...values)),
    ];
    const scale = (0.9 * Math.min(box.width, box.height)) / Math.max(high[0]! - low[0]!, high[1]! - low[1]!);
    const [right, up] = [0, 1].map((axis) => scale * (points[2 * index + axis]! - (low[axis]! + high[axis]!) / 2));
    return [box.x + box.width / 2 + right!, box.y + box.height / 2 - up!];
  }

  it('maps the data: by mouse and by keyboard, by PCA and by UMAP', async () => {
    await show('tool=map');
    await page.waitForSelector('#map');
    const map = page.locator('#map');
    await map.press('Enter');
    await expect.poll(() => page.textContent('.selected-name')).toMatch(/^image \d+ /u);
    const image = async () => Number(/\d+/u.exec((await page.textContent('.selected-name'))!)![0]) - 1;
    expectCode(await selectedCode(), codeAt(await image()));
    await map.press('+');
    await map.press('ArrowLeft');
    await expect.poll(() => query().view).toMatch(/ 1\.5$/u);
    await map.hover();
    await page.mouse.wheel(0, -400);
    await expect.poll(() => Number(query().view?.split(' ')[2])).toBeGreaterThan(2);
    await page.getByRole('button', { name: 'Show the whole map' }).click();
    await expect.poll(() => query().view).toBeUndefined();
    const box = (await map.boundingBox())!;
    await page.mouse.click(...(await positionOnMap(0, box)));
    await expect.poll(() => page.textContent('.selected-name')).toBe('image 1 (top)');
    expectCode(await selectedCode(), codeAt(0));
    await expect
      .poll(() => page.$$eval('.legend li', (entries) => entries.map(({ textContent }) => textContent)))
      .toEqual(['top', 'middle', 'bottom']);
    await page.getByLabel('Layout').selectOption('umap');
    await page.waitForSelector('#map', { state: 'detached' }).catch(() => undefined);
    await page.waitForSelector('#map');
    await expect.poll(query).toEqual({ tool: 'map', layout: 'umap' });
  });

  it('saves images, grids, walks and codes', async () => {
    await show('');
    const image = await saved(page, 'Save image as PNG');
    expect(image.name).toBe(`tiny-iteration-${STEPS}-sample-1-of-seed-0.png`);
    expect(image.bytes.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    const { data } = await model.sample({ count: 1, seed: 0 });
    const pixels = await sharp(image.bytes).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
    expect([pixels.info.width, pixels.info.height]).toEqual([SIZE, SIZE]);
    expect(Math.max(...Array.from(pixels.data, (value, index) => Math.abs(value - data[index]!)))).toBeLessThanOrEqual(
      1,
    );

    await page.waitForFunction(() => !document.querySelector<HTMLButtonElement>('#more')!.disabled);
    const grid = await saved(page, 'Save grid as WebP');
    const count = Number(/-(\d+)-samples-of-seed-0\.webp$/u.exec(grid.name)![1]);
    const { format, width, height } = await sharp(grid.bytes).metadata();
    expect(format).toBe('webp');
    const [columns, rows] = [width, height].map((size) => (size - 2) / (SIZE + 2)) as [number, number];
    expect(columns * rows).toBe(count);
    expect(columns).toBeLessThanOrEqual(2 * rows);

    await tab('Mix and walk').click();
    const walk = await saved(page, 'Save animation (GIF)');
    expect(walk.name).toBe(`tiny-iteration-${STEPS}-walk.gif`);
    expect(walk.bytes.subarray(0, 6).toString()).toBe('GIF89a');
    const { pages, pageHeight } = await sharp(walk.bytes, { animated: true }).metadata();
    expect([pages, pageHeight]).toEqual([48, 5 * SIZE]);
    const strip = await sharp((await saved(page, 'Save path as PNG')).bytes).metadata();
    expect([strip.width, strip.height]).toEqual([7 * (SIZE + 2) + 2, SIZE + 4]);

    const ends = JSON.parse((await saved(page, 'Save both codes as JSON')).bytes.toString()) as Record<
      string,
      unknown
    > & {
      codes: { code: number[] }[];
    };
    expect(ends).toMatchObject({
      format: 'agenet codes 1',
      name: `tiny, iteration ${STEPS}`,
      iteration: STEPS,
      prior: 'sphere',
    });
    expect(ends.codes.length).toBe(2);
    for (const { code } of ends.codes) expectWithin(Math.hypot(...code), 1, 1e-6);
    const array = decodeNpy((await saved(page, 'Save code as NPY')).bytes, 'code.npy');
    expect(array.shape).toEqual([1, LATENT]);
    expectCode([...(array.data as Float32Array)], await selectedCode());
  });

  it('reports a checkpoint that cannot be loaded', async () => {
    const incomplete = await browser.newPage();
    await incomplete.goto(`${host.address}?data=missing`);
    await expect.poll(() => incomplete.textContent('#status')).toBe('missing.safetensors: not found');
    await incomplete.close();
  });

  it('changes tabs by keyboard', async () => {
    await show('');
    await tab('Samples').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => tab('Neighbors').getAttribute('aria-selected')).toBe('true');
    await expect.poll(query).toEqual({ tab: 'neighbors' });
    await tab('Plane').focus();
    await page.keyboard.press('End');
    await expect.poll(query).toEqual({ tab: 'neighbors', tool: 'map' });
    // From the tab to its panel.
    await page.keyboard.press('Tab');
    await expect
      .poll(() => page.evaluate(() => document.activeElement!.closest('[role=tabpanel]')?.textContent))
      .toContain('two dimensions');
  });

  it('undoes and redoes selections, mixtures and moves', async () => {
    await show('tool=mix');
    const first = await selectedCode();
    await page.click('#samples > :nth-child(4) .tile');
    await expect.poll(() => page.textContent('.selected-name')).toBe('sample 4 of seed 0');
    const second = await selectedCode();
    await page.locator('#sides button').first().click();
    await page.click('#samples > :nth-child(1) .tile');
    await page.locator('#sides button').nth(1).click();
    await page.click('#samples > :nth-child(4) .tile');
    await page.fill('#position', '0.25');
    await expect.poll(() => page.textContent('.selected-name')).toContain('mix of sample 1 of seed 0 and sample 4');
    const mixed = await selectedCode();
    expectCode(mixed, codeBetween('sphere', Float32Array.from(first), Float32Array.from(second), 0.25));
    await page.keyboard.press('Control+z');
    await expect.poll(() => page.textContent('.selected-name')).toBe('sample 4 of seed 0');
    await expect.poll(() => page.inputValue('#position')).toBe('1');
    await page.keyboard.press('Control+z');
    await expect.poll(() => page.textContent('.selected-name')).toBe('sample 1 of seed 0');
    await page.keyboard.press('Control+Shift+z');
    await page.click('#redo');
    await expect.poll(() => page.inputValue('#position')).toBe('0.25');
    expectCode(await selectedCode(), mixed);
    expect(await page.isDisabled('#redo')).toBe(true);
  });

  it('keeps favorites in the browser', async () => {
    await show('');
    await page.click('#samples > :nth-child(3) .star');
    await page.click('.selection-panel .star');
    await tab('Favorites').click();
    const names = () =>
      page.$$eval('#favorites .tile', (tiles) => tiles.map((tile) => tile.getAttribute('aria-label')));
    await expect.poll(names).toEqual(['sample 1 of seed 0', 'sample 3 of seed 0']);
    const { data } = await model.sample({ count: 3, seed: 0 });
    await showsImage('#favorites > :nth-child(2) canvas', data.subarray(2 * AREA));
    const grid = await saved(page, 'Save grid as PNG');
    expect((await sharp(grid.bytes).metadata()).width).toBe(2 * (SIZE + 2) + 2);
    const walk = await sharp((await saved(page, 'Save walk (GIF)')).bytes, { animated: true }).metadata();
    expect(walk.pages).toBe(24);
    await page.reload();
    await page.waitForSelector('#selected');
    await tab('Favorites').click();
    await expect.poll(names).toEqual(['sample 1 of seed 0', 'sample 3 of seed 0']);
    await page.click('#favorites > :nth-child(2) .tile');
    await expect.poll(() => page.textContent('.selected-name')).toBe('sample 3 of seed 0');
    await showsImage('#selected', data.subarray(2 * AREA));
    for (const left of [1, 0]) {
      await page.click('#favorites .star');
      await expect.poll(async () => (await names()).length).toBe(left);
    }
    await expect.poll(() => page.isVisible('#no-favorites')).toBe(true);
  });

  it('shows how typical samples are, and draws typical ones', async () => {
    const source = { density, prior: 'sphere', latentSize: LATENT } as const;
    const draw = (truncation: number) => drawSampleCodes(source, 24, randomStream(0, 'samples'), undefined, truncation);
    const typicality = fitTypicality(source);
    const expected = (truncation: number) =>
      Array.from({ length: 24 }, (_, at) => typicality(draw(truncation).subarray(at * LATENT, (at + 1) * LATENT)));
    const found = () =>
      fitted.$$eval('#samples .tile', (tiles) =>
        tiles
          .slice(0, 24)
          .map((tile) => Number(/typicality (\d+)%/u.exec(tile.getAttribute('aria-label')!)?.[1]) / 100),
      );
    for (const truncation of [1, 0.3]) {
      await fitted.fill('#truncation', String(truncation));
      await expect
        .poll(async () => Math.max(...(await found()).map((value, at) => Math.abs(value - expected(truncation)[at]!))))
        .toBeLessThanOrEqual(0.015);
    }
    const { data } = await model.decode(draw(0.3).subarray(2 * LATENT, 3 * LATENT), { distance: 0 });
    expect(await distance(fitted, '#samples > :nth-child(3) canvas', data)).toBeLessThanOrEqual(1);
    await fitted.click('#samples .tile');
    await expect
      .poll(async () => Math.abs(parseInt((await fitted.textContent('#typicality'))!) / 100 - expected(0.3)[0]!))
      .toBeLessThanOrEqual(0.015);
  });

  it('is accessible and fits a phone', async () => {
    await show('');
    await page.setViewportSize({ width: 360, height: 700 });
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    expect(await fits()).toBe(true);
    expect(await accessibilityViolations(page)).toEqual([]);
    const names = 'Your images, Neighbors, Favorites, Mix and walk, Attributes, Map';
    for (const name of names.split(', ')) {
      await tab(name).click();
      if (name === 'Neighbors') await page.waitForSelector('#neighbors li');
      if (name === 'Map') await page.waitForSelector('#map');
      expect(await fits(), name).toBe(true);
      expect(await accessibilityViolations(page, '.panel:not([hidden])'), name).toEqual([]);
    }
  });
});
