/**
 * Makes the screenshots of the guide in `docs/images`, from runs that exist:
 *
 *     npm run screenshots -- --runs runs --run faces --compare default,published
 *
 * It needs Chromium, at the path in the variable CHROMIUM or /usr/bin/chromium.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { preview } from 'vite';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const COMMAND = pathOf('../dist/cli/main.js');
const PLAYGROUND = pathOf('../pages/playground/vite.config.mjs');

const { runs, run, compare } = parseArgs({
  options: {
    runs: { type: 'string', default: 'runs' },
    run: { type: 'string' },
    compare: { type: 'string' },
  },
}).values;
if (run === undefined || compare === undefined) {
  console.error('screenshots: name a run with --run, and two or more with --compare a,b');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'screenshots-'));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});

/** Opens an address in a window of its own, waits for what the picture shows, and takes it. */
async function take(name, address, [width, height], wait, isWhole = false) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: 'light' });
  await page.goto(address);
  await wait(page);
  await page.screenshot({ path: pathOf(`../docs/images/${name}.png`), fullPage: isWhole });
  await page.close();
  console.log(`docs/images/${name}.png`);
}

/** Starts a studio, and returns its process and the URL that it prints. */
function startStudio() {
  const studio = spawn(process.execPath, [COMMAND, 'studio', runs, '--port', '0', '--no-open']);
  const url = new Promise((found, fail) => {
    let printed = '';
    studio.stderr.on('data', (data) => {
      printed += data;
      const address = /http:\S+/u.exec(printed)?.[0];
      if (address) found(address);
    });
    studio.on('exit', () => fail(new Error(printed)));
  });
  return { studio, url };
}

async function takeStudio() {
  const { studio, url } = startStudio();
  try {
    const token = await url;
    const compared = encodeURIComponent(compare.split(',').join('\n'));
    const view =
      (address, ready, pause = 3000) =>
      async (page) => {
        // The address with the token sets a cookie, and loses the view.
        await page.waitForSelector('nav');
        await page.evaluate(`location.hash = ${JSON.stringify(address)}`);
        await page.waitForSelector(ready);
        await page.waitForTimeout(pause);
      };
    await take('studio-runs', token, [1280, 640], view('#/', '.sparkline path'));
    await take('studio-run', token, [1280, 960], view(`#/run/${run}`, '.chart canvas'));
    await take('studio-compare', token, [1280, 960], view(`#/compare?runs=${compared}`, '.chart canvas'));
    await take('studio-start', token, [1280, 900], view('#/start', '.data-preview img'));
    await take('studio-explore', token, [1280, 960], view(`#/explore/${run}`, '.scroll .tile', 6000));
  } finally {
    studio.kill();
  }
}

async function takeExport() {
  const out = join(folder, 'page');
  execFileSync(process.execPath, [COMMAND, 'export', join(runs, run), '--web', '--out', out], { stdio: 'ignore' });
  const ready = (page) => page.waitForSelector('#samples canvas').then(() => page.waitForTimeout(5000));
  await take('export-page', pathToFileURL(join(out, 'index.html')).href, [1280, 820], ready, true);
}

async function takePlayground() {
  const server = await preview({ configFile: PLAYGROUND, preview: { port: 0 }, logLevel: 'silent' });
  const address = server.resolvedUrls.local[0];
  const trained = (iterations) => async (page) => {
    await page.waitForSelector('#play:enabled', { timeout: 120_000 });
    await page.click('#play');
    while (Number((await page.textContent('#iteration')).replaceAll(',', '')) < iterations)
      await page.waitForTimeout(200);
  };
  try {
    const answered = async (page) => {
      await page.click('.prediction button:enabled', { timeout: 120_000 });
      await page.waitForSelector('#answer strong', { timeout: 120_000 });
    };
    await take('playground-plane', `${address}#/plane`, [1280, 800], trained(2000));
    await take('playground-tour', `${address}#/tour/3`, [1280, 800], answered);
    await take('playground-digits', `${address}#/digits`, [1280, 760], trained(300));
    const ready = (page) => page.waitForSelector('#samples button').then(() => page.waitForTimeout(5000));
    await take('playground-explore', `${address}#/explore`, [1280, 900], ready, true);
  } finally {
    await server.close();
  }
}

try {
  await takeStudio();
  await takeExport();
  await takePlayground();
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
