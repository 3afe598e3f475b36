import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { exportModel } from '../../src/node.js';
import { makeTinyRun } from '../cli/tinyRun.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { hasChromium, launch, serve } from './browser.js';

const folder = sharedTemporaryFolder();
const project = join(folder, 'project');
const site = join(folder, 'site');
const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

describe.skipIf(!hasChromium)('the examples of web pages', () => {
  let browser: Browser;

  /** Builds them as a project of Vite does, whose package is this one. */
  beforeAll(async () => {
    mkdirSync(join(project, 'public'), { recursive: true });
    symlinkSync(pathOf('../../node_modules'), join(project, 'node_modules'));
    for (const name of ['webFineTune', 'webFineTuneWorker', 'webSample', 'webTrain', 'webWorker']) {
      const example = readFileSync(pathOf(`../../examples/${name}.mjs`), 'utf8');
      writeFileSync(join(project, `${name}.mjs`), example.replace('steps: 100 ', 'steps: 40 '));
    }
    const page = (script: string) =>
      `<!doctype html><title>x</title><link rel="icon" href="data:," /><body></body><script type="module" src="./${script}.mjs"></script>`;
    writeFileSync(join(project, 'index.html'), page('webSample'));
    writeFileSync(join(project, 'train.html'), page('webTrain'));
    writeFileSync(join(project, 'fine-tune.html'), page('webFineTune'));
    copyFileSync(pathOf('../../examples/smallConvNet.onnx'), join(project, 'smallConvNet.onnx'));
    writeNoiseArchive(join(folder, 'noise.npz'), 60);
    await makeTinyRun(
      join(folder, 'run'),
      tinyConfiguration({ data: `npz:${join(folder, 'noise.npz')}`, latent: 64, testFraction: 0.2 }),
    );
    await exportModel(join(folder, 'run'), join(project, 'public/digits'), { threads: 1 });
    await build({
      root: project,
      base: './',
      configFile: false,
      logLevel: 'error',
      resolve: {
        alias: [
          { find: /^agenet$/u, replacement: pathOf('../../src/index.ts') },
          { find: /^agenet\/engine$/u, replacement: pathOf('../../src/engine/index.ts') },
          { find: /^agenet\/web$/u, replacement: pathOf('../../src/web/index.ts') },
        ],
      },
      worker: { format: 'es' },
      build: {
        outDir: site,
        target: 'es2023',
        rollupOptions: { input: ['index', 'train', 'fine-tune'].map((name) => join(project, `${name}.html`)) },
      },
    });
    browser = await launch();
  });
  afterAll(() => browser?.close());

  async function open(path: string): Promise<Page> {
    // With threads.
    const host = await serve({ '': site }, { isIsolated: true });
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(host.address + path);
    onTestFinished(async () => {
      await page.close();
      host.close();
      expect(problems).toEqual([]);
    });
    return page;
  }

  /** Whether the last canvas has more than one color. */
  const isDrawn = (page: Page) =>
    page.$$eval('canvas', (canvases) => {
      const canvas = canvases.at(-1);
      if (!canvas) return false;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return new Set(data.filter((_, index) => index % 4 === 0)).size > 1;
    });

  it('sample an exported model', async () => {
    const page = await open('index.html');
    await expect.poll(() => page.locator('canvas').count(), { timeout: 30_000 }).toBe(16);
    expect(await isDrawn(page)).toBe(true);
  });

  it('train, show a sample during training, and store a checkpoint', async () => {
    const page = await open('train.html');
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true);
    await expect
      .poll(() => page.textContent('output'), { timeout: 60_000 })
      .toMatch(/^iteration \d+: match_x \d\.\d{3}$/u);
    await expect.poll(() => isDrawn(page), { timeout: 30_000 }).toBe(true);
    await expect.poll(() => page.textContent('output'), { timeout: 90_000 }).toBe('done after 40 iterations');
  });

  it('fine-tune an imported model and offer the trained file', async () => {
    const page = await open('fine-tune.html');
    await expect.poll(() => page.textContent('output'), { timeout: 60_000 }).toMatch(/^step \d+: loss \d\.\d{3}$/u);
    await expect.poll(() => page.getAttribute('a', 'href'), { timeout: 90_000 }).toMatch(/^blob:/u);
    // A loss of log 10 is a guess.
    expect(Number((await page.textContent('output'))!.split(' ').at(-1))).toBeLessThan(1.8);
    const size = await page.evaluate(async () => (await (await fetch(document.querySelector('a')!.href)).blob()).size);
    expect(size).toBeGreaterThan(50_000);
  });
});
