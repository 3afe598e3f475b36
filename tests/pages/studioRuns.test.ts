import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FolderLock } from '../../src/runs/lock.node.js';
import { startStudio, type RunningStudio } from '../../src/studio/studio.node.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { accessibilityViolations, hasChromium, launch } from './browser.js';

/** Gzipped, without ONNX Runtime. */
const MAX_CODE = 300_000;
const built = fileURLToPath(new URL('../../dist/pages/studio/assets', import.meta.url));
const RUNS = 1000;
const folder = sharedTemporaryFolder();
const poll = <T>(read: () => T) => expect.poll(read, { timeout: 60_000 });
const nameOf = (index: number) => `digits-${String(index).padStart(4, '0')}`;
const seedOf = (index: number) => index % 4;
const line = (value: unknown) => `${JSON.stringify(value)}\n`;
const at = (index: number) => ({ time: new Date(Date.UTC(2026, 0, 1) + index).toISOString() });

/** Writes the record of a finished run: four seeds of each width, with worse scores for later ones. */
function writeRun(index: number): void {
  const path = join(folder, nameOf(index));
  mkdirSync(path);
  const width = 1 + Math.floor(index / 4);
  const settings = { version: 3, data: 'mnist', network: 'dcgan32', width, latent: 64, seed: seedOf(index) };
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...settings, length: { steps: 40 } }));
  const entries = [1, 2, 3, 4].map((part) => ({
    ...{ step: 10 * part, epoch: part / 2, seconds: 30 * part },
    ...{ 'encoder.match_x': 1 / part + seedOf(index), 'generator.match_x': 1, iterations_per_second: 8 },
  }));
  writeFileSync(join(path, 'log.jsonl'), entries.map(line).join(''));
  const events = [
    { type: 'start', step: 0, totalSteps: 40 },
    { type: 'trained', step: 40, interrupted: false },
    { type: 'evaluation', step: 40, epochs: 2, metrics: { fid: index } },
  ];
  writeFileSync(join(path, 'journal.jsonl'), events.map((event) => line({ ...at(index), ...event })).join(''));
}

/** Notifications that a page shows are allowed, and their titles kept. */
function recordNotifications(): void {
  const shown: string[] = [];
  class Shown extends EventTarget {
    static permission = 'default';
    static requestPermission = () => Promise.resolve((Shown.permission = 'granted'));
    constructor(title: string) {
      super();
      shown.push(title);
    }
  }
  Object.assign(globalThis, { Notification: Shown, shown });
}

describe.skipIf(!hasChromium)('the list of runs', () => {
  let browser: Browser;
  let studio: RunningStudio;
  let page: Page;

  beforeAll(async () => {
    for (let index = 0; index < RUNS; index++) writeRun(index);
    const program: [string, ...string[]] = [process.execPath, '-e', '0'];
    studio = await startStudio({ folder, port: 0, parallel: 1, program, onFailure: (error) => expect(error).toBe('') });
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(recordNotifications);
    await page.goto(studio.urlWithToken);
    await page.waitForURL(studio.url);
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
  });

  /** Makes a view from its address. */
  async function show(hash: string): Promise<void> {
    await page.evaluate(() => void (location.hash = '#/run/none'));
    await page.waitForSelector('text=No such run');
    await page.evaluate((next) => void (location.hash = next), hash);
    await page.waitForSelector('text=No such run', { state: 'detached' });
  }
  const names = () => page.locator('.named :is(a, button)').allTextContents();
  const cells = (row: number) => page.locator(`[aria-rowindex="${row}"] td`).allTextContents();

  it('makes only the rows near the window, of 1,000 runs', async () => {
    await show('#/?sort=fid');
    await poll(names).toContain('digits-0000');
    expect(await page.getAttribute('table', 'aria-rowcount')).toBe(String(RUNS + 1));
    expect((await names()).length).toBeLessThan(60);
    await page.evaluate(() => {
      const box = document.querySelector('.table-box')!;
      box.scrollTop = box.scrollHeight;
    });
    await poll(names).toContain('digits-0999');
    expect((await names()).length).toBeLessThan(60);
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('is filtered, sorted and extended by any setting or metric, and the address keeps it', async () => {
    await show('#/');
    await page.fill('#search', 'width=32 fid>=125 state=finished digits');
    await poll(() => page.textContent('[role=status].meaning')).toBe('3 of 1,000 runs');
    await page.click('text=Columns');
    await page.check('.menu label:has-text("seed") input');
    await page.keyboard.press('Escape');
    await page.click('th >> text=FID');
    await page.click('th >> text=FID');
    await poll(names).toEqual(['digits-0127', 'digits-0126', 'digits-0125']);
    await show(new URL(page.url()).hash);
    await poll(names).toEqual(['digits-0127', 'digits-0126', 'digits-0125']);
    expect(await cells(2)).toContain('3');
    expect(await page.getAttribute('th:has-text("FID")', 'aria-sort')).toBe('descending');
    await page.fill('#search', 'width=0.5');
    await page.waitForSelector('text=No run matches');
  });

  it('groups seeds with their mean and deviation, and opens a group', async () => {
    await show('#/?group=seed&sort=fid&search=width<3');
    await poll(names).toEqual(['▸ digits-000 (4 seeds)', '▸ digits-000 (4 seeds)']);
    expect(await cells(2)).toContain('1.50 ± 1.3');
    await page.waitForSelector('.sparkline .area');
    await page.click('.named button >> nth=0');
    await poll(names).toHaveLength(6);
    await page.check('[aria-label="Select digits-000 (4 seeds)"] >> nth=0');
    await page.click('.selection >> text=Compare');
    await poll(() => page.getAttribute('.chart [role=img]', 'aria-label')).toMatch(
      /at iteration 40: digits-000 \(4 seeds\)/u,
    );
    await page.uncheck('#group-seeds');
    await poll(() => page.getAttribute('.chart [role=img]', 'aria-label')).toMatch(/digits-0003 \d/u);
  });

  it('renames, describes, tags and deletes runs', async () => {
    await show('#/?search=width=250&columns=state,note,tags&sort=name');
    await page.click('[aria-label="Actions of digits-0996"]');
    await page.click('text=Rename…');
    await page.fill('#asked-text', 'digits-0997');
    await page.click('dialog >> text=Rename >> nth=-1');
    await page.waitForSelector('dialog >> text=exists; choose another name');
    await page.fill('#asked-text', 'best');
    await page.keyboard.press('Enter');
    await poll(names).toContain('best');
    await page.click('[aria-label="Actions of best"]');
    await page.click('text=Note…');
    await page.fill('#asked-text', 'for the paper');
    await page.click('dialog >> text=Save');
    await poll(() => cells(2)).toContain('for the paper');
    await page.check('[aria-label="Select all runs"]');
    await page.click('text=Tag…');
    await page.fill('#asked-text', 'wide');
    await page.keyboard.press('Enter');
    await poll(() => page.locator('td:has-text("wide")').count()).toBe(4);
    await page.uncheck('[aria-label="Select best"]');
    await page.click('.selection >> text=Delete…');
    await page.click('dialog .dangerous');
    await poll(names).toEqual(['best']);
    expect(readdirSync(folder).filter((name) => name.startsWith('digits-099'))).toHaveLength(6);
  });

  it('fits a phone with a long tag', async () => {
    await show('#/run/digits-0003');
    await page.setViewportSize({ width: 360, height: 700 });
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    const tag = 'w'.repeat(40);
    await page.fill('.tags input', tag);
    await page.press('.tags input', 'Enter');
    await page.waitForSelector('.tag >> text=www');
    expect(await fits()).toBe(true);
    await page.evaluate(() => void (location.hash = '#/?view=gallery&search=digits-0003'));
    await poll(() => page.locator('.runs .card').allTextContents()).toEqual([expect.stringContaining(tag)]);
    expect(await fits()).toBe(true);
    await page.evaluate(() => void (location.hash = '#/run/digits-0003'));
    await page.click(`[title="Remove the tag ${tag}"]`);
    await page.waitForSelector(`[title="Remove the tag ${tag}"]`, { state: 'detached' });
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('has charts to enlarge and save, whose cursors move together', async () => {
    await show('#/run/digits-0001?smoothing=0');
    const charts = page.locator('.chart-card');
    await poll(() => charts.count()).toBeGreaterThan(0);
    await page.click('text=Losses, other terms');
    await poll(() => charts.filter({ hasText: 'Speed' }).count()).toBe(1);
    await charts
      .first()
      .locator('.u-over')
      .hover({ position: { x: 2, y: 20 } });
    for (const chart of [charts.first(), charts.filter({ hasText: 'Speed' })])
      await poll(() => chart.locator('.cursor').textContent()).toBe('iteration 10');
    await page.mouse.move(0, 0);
    await poll(() => page.locator('.cursor').count()).toBe(0);
    const save = async (item: string) => {
      await page.click('[aria-label^="Actions of the chart"] >> nth=0');
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(`text=${item}`)]);
      return readFileSync(await download.path());
    };
    expect((await save('Save as CSV')).toString()).toBe(
      'iteration,encoder,generator\n10,2,1\n20,1.5,1\n30,1.3333333333333333,1\n40,1.25,1\n',
    );
    const { width, height } = await sharp(await save('Save as PNG')).metadata();
    expect(Math.min(width, height)).toBeGreaterThan(180);
    await page.click('[aria-label^="Actions of the chart"] >> nth=0');
    await page.click('text=Enlarge');
    await page.waitForSelector('dialog canvas');
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.click('text=Axes');
    await page.selectOption('#x-axis', 'time');
    await poll(() => page.getAttribute('.chart [role=img]', 'aria-label')).toContain('at minutes of training 2:');
  });

  it('says that a run has ended, in a notification and in the title', async () => {
    await show('#/run/digits-0002');
    const happens = (event: object) =>
      appendFileSync(join(folder, 'digits-0002', 'journal.jsonl'), line({ ...at(0), ...event }));
    await page.click('#notify');
    await poll(() => page.getAttribute('#notify', 'aria-pressed')).toBe('true');
    const held = await FolderLock.take(join(folder, 'digits-0002'));
    happens({ type: 'start', step: 40, totalSteps: 80 });
    await poll(() => page.title()).toBe('50% digits-0002 - agenet studio');
    happens({ type: 'failed', message: 'the disk is full' });
    await held.release();
    await poll(() => page.evaluate(() => (globalThis as unknown as { shown: string[] }).shown)).toEqual([
      'digits-0002 has failed',
    ]);
    await poll(() => page.title()).toBe('failed: digits-0002 - agenet studio');
  });

  it('is small', () => {
    const code = readdirSync(built).filter((name) => /\.(?:js|css)$/u.test(name) && !name.startsWith('ort'));
    const bytes = code.reduce((sum, name) => sum + gzipSync(readFileSync(join(built, name))).length, 0);
    expect(bytes).toBeLessThan(MAX_CODE);
    expect(bytes).toBeGreaterThan(50_000);
  });
});
