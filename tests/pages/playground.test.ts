import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { STEPS } from '../../pages/playground/tour/steps.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { accessibilityViolations, hasChromium } from './browser.js';
import { recordedShifts, recordShifts } from './layoutShifts.js';
import { iteration, named, poll, ready, untilIteration, usePlayground } from './playgroundSite.js';

/** Gzipped, without ONNX Runtime. */
const MAX_CODE = 200_000;

describe.skipIf(!hasChromium)('the playground', () => {
  const { site, addressOf, open } = usePlayground(sharedTemporaryFolder());

  /** The iterations after a run has ended. */
  const settled = async (page: Page): Promise<number> => {
    for (let last = -1; ;) {
      const now = await iteration(page);
      if (now === last) return now;
      last = now;
      await page.waitForTimeout(500);
    }
  };
  const weight = (page: Page, network: string, term: string) =>
    page.getByRole('group', { name: `${network}: weights of the loss` }).getByLabel(term);

  it('has little code, apart from ONNX Runtime', () => {
    const code = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.(?:js|css|html)$/u.test(file) && !file.includes('ort'),
    );
    expect(code.length).toBeGreaterThan(5);
    expect(code.reduce((total, file) => total + gzipSync(readFileSync(join(site, file))).length, 0)).toBeLessThan(
      MAX_CODE,
    );
  });

  it.each(['plane?arrows=KL_fake', 'tour/3', 'compare', 'digits', 'explore'])(
    'is painted fast on a phone without moving, fits it, and is accessible (%s)',
    async (name) => {
      const page = await open(`#/${name}`, { viewport: { width: 360, height: 740 } }, recordShifts);
      await page.waitForSelector(name === 'explore' ? '#samples button canvas' : 'main canvas');
      const paint = () => performance.getEntriesByName('first-contentful-paint')[0]!.startTime;
      // Under 0.5 s on an idle machine.
      expect(await page.evaluate(paint)).toBeLessThan(2000);
      const { total, moved } = await recordedShifts(page);
      expect(total, moved.join('; ')).toBeLessThan(0.02);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      if (name === 'tour/3') {
        // What a question is about stays beside it.
        await page.locator('.prediction button').last().scrollIntoViewIfNeeded();
        for (const selector of ['.asked #codes-view', '.prediction'])
          expect((await page.locator(selector).boundingBox())!.y, selector).toBeGreaterThanOrEqual(0);
      } else if (name !== 'explore') {
        // The buttons of training stay in the window, below the picture.
        const [button, picture] = await Promise.all(
          ['#play', 'main canvas'].map((selector) => page.locator(selector).first().boundingBox()),
        );
        expect(button!.y + button!.height).toBeLessThanOrEqual(740);
        expect(button!.y).toBeGreaterThan(picture!.y);
      }
      expect(await accessibilityViolations(page)).toEqual([]);
    },
  );

  it('allows no scripts but its own', async () => {
    const page = await open('');
    const policy = (await page.getAttribute('meta[http-equiv="Content-Security-Policy"]', 'content'))!;
    expect(policy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';");
    expect(policy.replace("'wasm-unsafe-eval'", '')).not.toMatch(/unsafe|\*|https?:/u);
  });

  describe('in two dimensions', () => {
    it('shows untrained networks and fits a window before ONNX Runtime is loaded', async () => {
      const options = { viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' as const };
      const page = await open('#/plane?data=ring', options, async (opened) => {
        await recordShifts(opened);
        await opened.route('**/*.wasm', () => undefined);
      });
      /** The number of colors of a view. */
      const colors = (view: string) =>
        page.$eval(`#${view}-view`, (canvas) => {
          const { width, height } = canvas as HTMLCanvasElement;
          const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
          return new Set(new Uint32Array(data.buffer)).size;
        });
      for (const view of ['generator', 'encoder', 'codes']) await poll(() => colors(view)).toBeGreaterThan(50);
      expect(await page.isDisabled('#step')).toBe(true);
      for (const tab of ['Experiments', 'Settings', 'Guide']) {
        await page.getByRole('tab', { name: tab }).click();
        const size = () => [document.documentElement.scrollWidth, document.documentElement.scrollHeight];
        expect(await page.evaluate(size), tab).toEqual([1280, 800]);
      }
      const { total, moved } = await recordedShifts(page);
      expect(total, moved.join('; ')).toBeLessThan(0.02);
    });

    it('plays as soon as it can, pauses, steps and starts again, by keyboard, and updates one network at a time', async () => {
      const page = await open('');
      await page.waitForSelector('#play');
      await page.focus('#play');
      await page.keyboard.press('Enter');
      await poll(() => page.textContent('#play')).toBe('Pause');
      await untilIteration(page, 20);
      await page.keyboard.press('Enter');
      await poll(() => page.textContent('#play')).toBe('Play');
      const paused = await settled(page);
      await page.click('#step');
      await poll(() => iteration(page)).toBe(paused + 1);
      // Both networks learn, and the charts show it.
      await poll(() => page.getAttribute('.chart div', 'aria-label')).toMatch(
        new RegExp(`at iteration ${paused + 1}: data [\\d.e-]+, samples \\(e\\)`),
      );
      await page.click('#reset');
      await poll(() => iteration(page)).toBe(0);
      await ready(page);
      const updates = async () =>
        Promise.all(['encoder', 'generator'].map(async (name) => Number(await page.textContent(`#${name}-updates`))));
      // Each press counts.
      for (let press = 0; press < 3; press++) await page.click('#step-encoder');
      await poll(updates).toEqual([3, 0]);
      await poll(() => page.textContent('.network.learning')).toContain('Encoder');
      await page.click('#step-generator');
      await poll(updates).toEqual([3, 1]);
      await poll(() => page.textContent('.network.learning')).toContain('Generator');
      expect(await iteration(page)).toBe(2);
    });

    it('keeps its whole state in the address', async () => {
      const page = await open('');
      await page.waitForSelector('#play');
      await named(page, 'Data').selectOption('spirals');
      await page.getByRole('checkbox', { name: 'KL_fake' }).check();
      await named(page, 'Speed').selectOption('100');
      await page.getByRole('tab', { name: 'Settings' }).click();
      await named(page, 'Hidden units').selectOption('16');
      await named(page, 'Learning rate').fill('100');
      await weight(page, 'encoder', 'match_x').fill('0');
      const query = () => Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.split('?')[1]));
      await poll(query).toEqual({
        data: 'spirals',
        hidden: '16',
        rate: '0.01',
        'encoder.match_x': '0',
        speed: '100',
        arrows: 'KL_fake',
      });
      await page.reload();
      await poll(() => named(page, 'Data').inputValue()).toBe('spirals');
      await page.getByRole('tab', { name: 'Settings' }).click();
      await poll(() => weight(page, 'encoder', 'match_x').inputValue()).toBe('0');
      // An address that somebody has edited is no error.
      await page.goto(
        `${addressOf('')}#/plane?data=rings&condition=class&rate=x&encoder.match_x=-1&drawn=%F0&hidden=1e9`,
      );
      await poll(() => named(page, 'Data').inputValue()).toBe('rings');
      await page.getByRole('tab', { name: 'Settings' }).click();
      await poll(() => named(page, 'Hidden units').inputValue()).toBe('32');
      // The classes are shown.
      expect(await page.getByText('the other', { exact: true }).count()).toBe(1);
      expect(await page.getByRole('img', { name: /Data \(orange and blue\)/u }).count()).toBe(1);
    });

    it('copies a link, saves a picture and an animation, changes weights while it runs, and begins again with other data', async () => {
      const page = await open('#/plane?data=ring&arrows=KL_real', {
        acceptDownloads: true,
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      await page.click('#play');
      await untilIteration(page, 20);
      const share = async (button: string) => {
        await page.getByRole('button', { name: 'Share' }).click();
        await page.click(button);
      };
      await share('#copy-link');
      await poll(() => page.textContent('#status')).toBe('Link copied.');
      const link = await page.evaluate(() => navigator.clipboard.readText());
      expect(link).toBe(`${addressOf('')}#/plane?data=ring&arrows=KL_real`);
      const saved = async (button: string) => {
        const [download] = await Promise.all([page.waitForEvent('download'), share(button)]);
        return sharp(await download.path(), { pages: -1 }).metadata();
      };
      expect(await saved('#save-picture')).toMatchObject({ format: 'png', width: 1504 });
      const animation = await saved('#save-animation');
      expect(animation.format).toBe('gif');
      expect(animation.pages).toBeGreaterThan(1);
      await page.getByRole('tab', { name: 'Settings' }).click();
      for (const term of ['KL_real', 'KL_fake', 'match_x', 'uniform']) await weight(page, 'encoder', term).fill('0');
      const before = await iteration(page);
      // The loss of an encoder without terms is 0.
      await poll(() => page.getAttribute('.chart-card:nth-of-type(3) [role=img]', 'aria-label')).toMatch(
        /encoder 0, generator [\d.]+, uniform [\d.]+$/u,
      );
      expect(await iteration(page)).toBeGreaterThanOrEqual(before);
      await page.getByRole('tab', { name: 'Experiments' }).click();
      const balanced = page.getByRole('button', { name: 'Balanced' });
      await poll(() => balanced.getAttribute('aria-pressed')).toBe('false');
      await poll(() => page.textContent('.presets + .hint')).toContain('your own');
      await balanced.click();
      await poll(() => balanced.getAttribute('aria-pressed')).toBe('true');
      await poll(() => page.url()).not.toContain('encoder');
      // It trains on, with the data of the experiment.
      await poll(() => iteration(page)).toBeLessThan(before);
      await poll(() => page.textContent('#play')).toBe('Pause');
    });

    it('trains on points that the visitor draws', async () => {
      const page = await open('');
      await page.getByRole('button', { name: 'Collapse' }).click();
      await named(page, 'Data').selectOption('drawn');
      // Nothing trains before the first point.
      await poll(() => page.textContent('#status')).toBe('Press on the Generator view to add points.');
      await poll(() => page.isDisabled('#play')).toBe(true);
      await page.getByRole('tab', { name: 'Settings' }).click();
      await poll(() => weight(page, 'encoder', 'KL_fake').getAttribute('aria-valuetext')).toBe('2');
      await poll(() => page.url()).toMatch(/#\/plane\?data=drawn$/u);
      await page.locator('#generator-view').scrollIntoViewIfNeeded();
      const box = (await page.locator('#generator-view').boundingBox())!;
      for (const [x, y] of [
        [0.3, 0.3],
        [0.7, 0.3],
        [0.5, 0.7],
      ] as const)
        await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
      await poll(() => new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('drawn')?.length).toBe(12);
      await page.click('#play');
      await untilIteration(page, 5);
      await page.getByRole('tab', { name: 'Experiments' }).click();
      await page.getByRole('button', { name: 'Remove all points' }).click();
      await poll(() => page.url()).not.toContain('drawn=');
    });
  });

  describe('beside each other', () => {
    it('trains with two settings, whose clocks are linked', async () => {
      const page = await open('#/compare?data=ring&other=encoder.match_x:0');
      await poll(() => named(page, 'B').getAttribute('aria-valuetext')).toBe('0');
      await page.click('#play');
      await untilIteration(page, 20);
      await page.click('#play');
      const label = () => page.getAttribute('.chart div', 'aria-label');
      // Both have a value at each iteration, and differ.
      await poll(label).toMatch(/iteration [\d.]+: A [\d.]+, B [\d.]+$/u);
      const [, a, b] = /A ([\d.]+), B ([\d.]+)$/u.exec((await label())!)!;
      expect(a).not.toBe(b);
      await named(page, 'What differs').selectOption('hidden');
      await named(page, 'B').selectOption('8');
      await poll(() => page.url()).toMatch(/#\/compare\?data=ring&other=hidden%3A8$/u);
    });
  });

  describe('the tour', () => {
    it('has an address for each step, and trains one network after a prediction, by keyboard', async () => {
      const page = await open('#/nope');
      await page.waitForSelector('text=There is no page #/nope');
      await page.click('main >> text=Take the tour');
      await page.goto(`${addressOf('')}#/tour/99`);
      await page.waitForSelector('text=There is no such step. Step 1');
      for (const [index, { title }] of STEPS.slice(0, 3).entries()) {
        await poll(() => page.textContent('#step-heading')).toBe(title);
        expect(await page.locator('.prediction .right').count()).toBe(0);
        if (index < 2) await page.getByRole('link', { name: 'Next' }).click();
      }
      expect(new URL(page.url()).hash).toBe('#/tour/3');
      expect(await page.getAttribute('.progress [aria-current]', 'href')).toBe('#/tour/3');
      const right = STEPS[2]!.options[0];
      const answer = page.getByRole('button', { name: right });
      await poll(() => answer.isDisabled()).toBe(false);
      await answer.focus();
      await page.keyboard.press('Enter');
      await poll(() => page.textContent('#answer')).toBe(`As you predicted. ${STEPS[2]!.answer}`);
      expect(await page.textContent('.prediction .right')).toBe(`${right} ✓ right`);
      expect(await page.$$('.prediction .wrong')).toEqual([]);
      // The last frame may be drawn after the answer.
      await expect.poll(() => page.textContent('#encoder-updates')).toBe('120');
      expect(await page.textContent('#generator-updates')).toBe('0');
      await page.focus('.steps .primary');
      await page.keyboard.press('Enter');
      await poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe(STEPS[3]!.title);
    });
  });

  it('works offline after the first visit', async () => {
    const page = await open('#/explore');
    await page.waitForSelector('#samples button canvas');
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.context().setOffline(true);
    await page.reload();
    await page.waitForSelector('#samples button canvas');
    // The service worker isolates it, so that training has threads.
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true);
    await page.goto(`${addressOf('')}#/plane`);
    await ready(page);
    await page.click('#step');
    await poll(() => iteration(page)).toBe(1);
    await page.goto(`${addressOf('')}#/digits`);
    await ready(page);
    await page.click('#step');
    await poll(() => iteration(page)).toBe(1);
    await page.context().setOffline(false);
  });
});
