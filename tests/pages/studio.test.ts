import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { runCommand, type RunningCommand, startCommand } from '../cli/runCommand.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { accessibilityViolations, hasChromium, launch } from './browser.js';
import { recordedShifts, recordShifts } from './layoutShifts.js';

const around = sharedTemporaryFolder();

/** Trainings start, and graphs compile, within seconds on a busy machine. */
const poll = <T>(read: () => T) => expect.poll(read, { timeout: 60_000, interval: 150 });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const DESKTOP = { width: 1200, height: 900 } as const;
const PHONE = { width: 360, height: 700 } as const;

describe.skipIf(!hasChromium)('the studio', () => {
  let browser: Browser;
  let studio: RunningCommand;
  let address: string;
  let page: Page;
  /** Errors, violations of the policy, and requests of anything else. */
  const problems: string[] = [];

  const start = async (port: string): Promise<void> => {
    studio = startCommand(
      ['studio', 'runs', '--port', port, '--no-open', '--data', 'npz:noise.npz', '--parallel', '2'],
      around,
    );
    await studio.said('press Ctrl-C');
  };
  const stop = async () => {
    studio.child.kill('SIGINT');
    return studio.finished;
  };

  beforeAll(async () => {
    writeNoiseArchive(join(around, 'noise.npz'), 60);
    const port = String(await freePort());
    address = `http://localhost:${port}/`;
    await start(port);
    browser = await launch();
    page = await open();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));
  afterAll(async () => {
    await browser?.close();
    await stop();
  });

  /** The cookie of a page that was opened from the printed URL. */
  const tokenCookie = () => ({ name: `agenet_studio_${new URL(address).port}`, value: readToken(), url: address });
  const readToken = () => readFileSync(join(around, 'runs', '.studio', 'token'), 'utf8');

  it('opens from its printed URL, also from a file as the command line opens it', async () => {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const opened = await context.newPage();
    expect((await opened.goto(address))!.status()).toBe(401);
    const file = join(around, 'open.html');
    writeFileSync(file, `<meta http-equiv="refresh" content="0;url=${address}?token=${readToken()}" />`);
    await opened.goto(`file://${file}`);
    await opened.waitForURL(address);
    await opened.waitForSelector('nav');
    expect(opened.url()).not.toContain('token');
  });

  async function open(): Promise<Page> {
    const context = await browser.newContext({ viewport: DESKTOP });
    await context.addCookies([tokenCookie()]);
    const opened = await context.newPage();
    // The answer to a wrong option is an error to the browser, and so is a server that has ended.
    opened.on(
      'console',
      (message) =>
        message.type() === 'error' &&
        !/status of 422|ERR_CONNECTION|WebSocket/u.test(message.text()) &&
        problems.push(`${message.text()} ${message.location().url}`),
    );
    opened.on('pageerror', ({ message }) => problems.push(message));
    opened.on(
      'request',
      (request) =>
        /^(?:blob:|data:)/u.test(request.url()) || request.url().startsWith(address) || problems.push(request.url()),
    );
    await opened.goto(address);
    return opened;
  }

  /** Makes a view from its address, as links do. */
  async function show(path: string): Promise<void> {
    await page.evaluate(() => void (location.hash = '#/none'));
    await page.waitForSelector('text=Page not found');
    await page.evaluate((hash) => void (location.hash = hash), path);
    await page.waitForSelector('text=Page not found', { state: 'detached' });
  }

  const textOf = (selector: string) => page.textContent(selector).then((text) => text ?? '');
  const fits = (opened: Page) => opened.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  const header = () => textOf('.run-header');
  const chart = () => page.getAttribute('.chart [role=img]', 'aria-label').then((label) => label ?? '');

  /** They compile in a third of the time. */
  const PLANS = { encoderUpdates: '1;KL_real:1,match_x:10', generatorUpdates: '1;KL_fake:1,match_z:1000' };

  /** Starts a training from the form, and shows its run. */
  async function startRun(name: string, data: string, fields: Record<string, string>): Promise<void> {
    await page.selectOption('#data', data);
    await page.fill('#run-name', name);
    await page.waitForSelector('details.field-group');
    await page.$$eval('details.field-group', (groups) => {
      for (const group of groups as HTMLDetailsElement[]) group.open = true;
    });
    for (const [field, value] of Object.entries(fields)) await page.fill(`#field-${field}`, value);
    await poll(() => textOf('#command')).toContain(`--out runs/${name}`);
    await page.click('#start');
    await page.waitForURL(`**/#/run/${name}`);
  }

  it('starts a run from the form, and pauses, steps, stops and resumes it', async () => {
    await show('#/start');
    await poll(() => textOf('.data-preview')).toContain('60,000 training and 10,000 test images');
    // An endless training, so that it does not end before it is paused.
    await startRun('digits', 'npz:noise.npz', {
      ...PLANS,
      ...{ width: '4', steps: '100000', threads: '1', logEvery: '1', sampleEvery: '20' },
    });
    await poll(header).toContain('running');
    await poll(chart).toMatch(/at iteration \d+: encoder/u);
    await page.waitForSelector('.sheet img');
    const sheet = () => page.getAttribute('.sheet img', 'src');
    const first = await sheet();
    await poll(sheet).not.toBe(first);
    await page.click('#play');
    await poll(header).toContain('paused');
    const pausedAt = Number(/([\d,]+) of 100,000/u.exec(await header())![1]!.replace(',', ''));
    // Each press counts.
    for (let press = 0; press < 3; press++) await page.click('#step');
    await poll(header).toContain(`${pausedAt + 3} of 100,000 iterations`);
    await poll(sheet).toContain(`/samples/${pausedAt + 3}`);
    // The page may be closed and opened again.
    await page.reload();
    await poll(header).toContain('paused');
    await poll(chart).toContain(`at iteration ${pausedAt + 3}:`);
    // The cosine of codes, not the loss near 2.
    const latent = page.getByRole('img', { name: /^Code cosine/u });
    await poll(() => latent.getAttribute('aria-label')).toMatch(/generator -?0\.\d+/u);
    await poll(() => textOf('[aria-labelledby=curves-heading] > .meaning')).toContain(
      `iteration ${pausedAt + 3}, the last one logged, smoothed`,
    );
    await page.click('#stop');
    await poll(header).toContain('stopped');
    await page.click('#resume');
    await poll(header).toContain('running');
  });

  it('lists what still trains when it ends, and the page connects again', async () => {
    const { stdout, status } = await stop();
    expect(stdout).toMatch(/^digits: still training at iteration \d+ of 100000\n$/u);
    expect(status).toBe(0);
    await poll(() => textOf('.connection')).toContain('Connection lost');
    await start(new URL(address).port);
    await poll(() => textOf('.connection')).toBe('');
    await poll(header).toContain('running');
    await page.click('#play');
    await poll(header).toContain('paused');
    await page.click('#stop');
    await poll(header).toContain('stopped');
    await poll(() => textOf('.journal')).toMatch(/training continued after iteration \d/u);
  });

  it('shows the same errors as the command line at the field, and the plan', async () => {
    await show(`#/start?${String(new URLSearchParams({ data: 'npz:noise.npz', width: '0', ...PLANS }))}`);
    const { stderr, status } = await runCommand(['train', 'npz:noise.npz', '--width', '0'], around);
    expect(status).toBe(2);
    await poll(() => page.textContent('#field-width-problem').catch(() => '')).toBe(
      stderr.trim().replace('agenet: --width: ', ''),
    );
    await poll(() => page.getAttribute('#field-width', 'aria-invalid')).toBe('true');
    await poll(() => page.isDisabled('#start')).toBe(true);
    await page.fill('#field-width', '4');
    await poll(() => page.isDisabled('#plan')).toBe(false);
    await page.click('#plan');
    await page.waitForSelector('#plan-summary table');
    expect(
      await page.evaluate(() => document.querySelector('#plan-heading')!.getBoundingClientRect().top),
    ).toBeLessThan(900);
    await poll(() => textOf('#plan-summary')).toMatch(/52 for training, 8 for testing.*parameters/su);
  });

  it('explores a drawing as the command line does', async () => {
    await show('#/explore/digits?tab=images');
    await poll(() => page.isDisabled('#files')).toBe(false);
    const pad = (await (await page.waitForSelector('#pad')).boundingBox())!;
    await page.mouse.move(pad.x + 0.5 * pad.width, pad.y + 0.2 * pad.height);
    await page.mouse.down();
    await page.mouse.move(pad.x + 0.45 * pad.width, pad.y + 0.8 * pad.height, { steps: 5 });
    await page.mouse.up();
    await page.waitForSelector('#images li');
    const drawing = await page.$eval(
      '#pad',
      (canvas) => (canvas as HTMLCanvasElement).toDataURL('image/png').split(',')[1]!,
    );
    writeFileSync(join(around, 'drawing.png'), Buffer.from(drawing, 'base64'));
    const { status, stderr } = await runCommand(
      ['reconstruct', 'runs/digits', 'drawing.png', '--out', 'reconstruction.png', '--scale', '1', '--force'],
      around,
    );
    expect(stderr + String(status)).toContain('0');
    // A pair with a border of 2 pixels around each image.
    const expected = await sharp(join(around, 'reconstruction.png'))
      .extractChannel(0)
      .extract({ left: 36, top: 2, width: 32, height: 32 })
      .raw()
      .toBuffer();
    const found = await page.$eval('#images li .tile canvas', (canvas) =>
      Array.from((canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 32, 32).data).filter(
        (_, index) => index % 4 === 0,
      ),
    );
    // The browser resizes with another filter than sharp. How much of this a network shows depends on its iteration.
    const differences = found.map((value, index) => Math.abs(value - expected[index]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(16);
    expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(1);
  });

  it('reports a checkpoint that was cut off, and offers the others, on a phone too', async () => {
    const checkpoints = join(around, 'runs', 'digits', 'checkpoints');
    const [first] = readdirSync(checkpoints);
    const cut = join(checkpoints, '000000.safetensors');
    writeFileSync(cut, readFileSync(join(checkpoints, first!)).subarray(0, 50_000));
    await show('#/explore/digits?step=0');
    await poll(() => textOf('#status')).toMatch(/checkpoint/u);
    await poll(() => page.getAttribute('#status', 'class')).toContain('failed');
    rmSync(cut);
    await page.selectOption('#checkpoint', String(parseInt(first!)));
    await page.waitForSelector('#samples canvas');
    await page.setViewportSize(PHONE);
    await poll(() => fits(page)).toBe(true);
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.setViewportSize(DESKTOP);
    await show('#/explore/digits?step=77777');
    await page.waitForSelector('text=This run has no checkpoint of iteration 77777');
  });

  it('has live data in more tabs than a browser has connections to a server', async () => {
    const tabs = await Promise.all(Array.from({ length: 6 }, () => page.context().newPage()));
    onTestFinished(async () => void (await Promise.all(tabs.map((tab) => tab.close()))));
    for (const tab of tabs) await tab.goto(`${address}#/?view=gallery`);
    await show('#/run/digits');
    await page.fill('.tags input', 'seen');
    await page.press('.tags input', 'Enter');
    for (const tab of tabs) await poll(() => tab.textContent('.card')).toContain('#seen');
  });

  it('keeps a change that arrives before an older list of runs', async () => {
    const tab = await page.context().newPage();
    onTestFinished(() => tab.close());
    let tellReceived = (): void => undefined;
    const received = new Promise<void>((resolve) => (tellReceived = resolve));
    tab.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => String(payload).includes('"early"') && tellReceived()),
    );
    await tab.route('**/api/runs', async (route) => {
      const older = await route.fetch();
      await tab.evaluate(() => fetch('/api/runs/digits/tags/early', { method: 'PUT' }));
      await received;
      await route.fulfill({ response: older });
    });
    await tab.goto(`${address}#/?view=gallery`);
    await poll(() => tab.textContent('.card')).toContain('#early');
  });

  it('forks a run, and compares both', async () => {
    await show('#/run/digits');
    await page.click('.run-menu');
    await page.click('text=Fork');
    await startRun('forked', 'npz:noise.npz', { steps: '3', learningRate: '0.0005' });
    await poll(header).toContain('finished');
    await poll(() => textOf('[aria-labelledby=configuration-heading]')).toMatch(
      /Initialize from.*runs\/digits\/checkpoints/su,
    );
    await page.click('#extend');
    await page.fill('#extension', '4');
    await page.click('dialog >> text=Extend >> nth=-1');
    await poll(header).toMatch(/finished.*4 iterations/su);
    await show('#/');
    for (const name of ['digits', 'forked']) await page.check(`[aria-label="Select ${name}"]`);
    await page.click('.selection >> text=Compare');
    await poll(chart).toMatch(/digits \d/u);
    await poll(() => page.locator('.chart-card').count()).toBeGreaterThan(3);
    await poll(() => textOf('[aria-labelledby=differences]')).toMatch(/learningRate\s*0\.0015\s*0\.0005/u);
    await poll(() => page.locator('.compared img').count()).toBe(2);
    // Its state is in the address.
    await page.click('text=Axes');
    await page.selectOption('#x-axis', 'epoch');
    expect(page.url()).toContain('x=epoch');
    await show(new URL(page.url()).hash);
    await poll(chart).toMatch(/at epoch \d.*digits/u);
  });

  it('has tags, a search, and deletes a run after a question', async () => {
    await show('#/run/forked');
    await page.fill('.tags input', 'paper');
    await page.press('.tags input', 'Enter');
    await page.waitForSelector('.tag');
    await show('#/');
    const names = () => page.locator('.named a').allTextContents();
    await page.fill('#search', 'tag=paper');
    await poll(names).toEqual(['forked']);
    await page.click('.named a');
    for (const answer of ['text=Cancel', '.dangerous']) {
      await page.click('.run-header .run-menu');
      await page.click('text=Delete…');
      await page.click(`dialog >> ${answer}`);
    }
    await page.waitForURL(`${address}#/`);
    await poll(names).toEqual(['digits']);
    expect(readdirSync(join(around, 'runs'))).not.toContain('forked');
  });

  it('says that a preview cannot be read, and that an address has no page', async () => {
    const previews = join(around, 'runs', 'digits', 'samples');
    const newest = join(previews, readdirSync(previews).at(-1)!);
    const bytes = readFileSync(newest);
    writeFileSync(newest, 'no image');
    onTestFinished(() => writeFileSync(newest, bytes));
    // Without the images that the browser has kept.
    const other = await open();
    onTestFinished(() => other.context().close());
    await other.waitForSelector('.thumbnail');
    await poll(() => other.locator('.thumbnail img').count()).toBe(0);
    await other.click('.named a');
    await other.waitForSelector('.sheet >> text=This image cannot be read.');
    for (const path of ['#/trainings', '#/run', '#/start/digits']) {
      await page.evaluate((hash) => void (location.hash = hash), path);
      await page.waitForSelector('h1 >> text=Page not found');
    }
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('uploads data, and deletes it after a question', async () => {
    await show('#/start');
    await page.click('summary:has-text("Upload images")');
    await page.fill('#upload-name', 'squares');
    const buffer = await sharp({ create: { width: 32, height: 32, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    const files = Array.from({ length: 12 }, (_, index) => ({ name: `${index}.png`, mimeType: 'image/png', buffer }));
    await page.setInputFiles('#upload-files', files);
    await poll(() => page.locator('#data option:checked').textContent()).toBe('squares');
    await poll(() => page.textContent('#delete-upload')).toMatch(/12 images, 2 kB/u);
    await page.click('#delete-upload');
    await page.click('dialog .dangerous');
    await poll(() => page.inputValue('#data')).toBe('mnist');
    await poll(() => page.locator('#data option').allTextContents()).not.toContain('squares');
    expect(readdirSync(join(around, 'runs', 'uploads'))).toEqual([]);
  });

  it('zooms into curves while points are added', async () => {
    await show('#/run/digits?zoom=5-15&scale=log&smoothing=0');
    await poll(chart).toMatch(/at iteration 15:/u);
    await page.click('text=Axes');
    await poll(() => page.isChecked('#log-scale')).toBe(true);
    await page.click('text=Show all');
    await poll(chart).not.toMatch(/at iteration 15:/u);
    expect(page.url()).not.toContain('zoom');
  });

  const VIEWS = ['#/', '#/?view=gallery', '#/run/digits', '#/start', '#/compare?runs=digits'];

  it.each(VIEWS)('%s moves nothing while it loads, is accessible, and fits a phone', async (path) => {
    const tab = await page.context().newPage();
    onTestFinished(() => tab.close());
    await tab.setViewportSize(DESKTOP);
    await recordShifts(tab);
    // A slow computer.
    const devTools = await page.context().newCDPSession(tab);
    await devTools.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    await tab.goto(address + path);
    await tab.waitForSelector('h1');
    await tab.waitForLoadState('networkidle');
    const { total, moved } = await recordedShifts(tab);
    expect(total, moved.join('\n')).toBeLessThan(0.02);
    await devTools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    await tab.setViewportSize(PHONE);
    await poll(() => fits(tab)).toBe(true);
    expect(await accessibilityViolations(tab)).toEqual([]);
  });

  it('asks for the printed URL if the studio has another token', async () => {
    const tab = await page.context().newPage();
    await tab.goto(address);
    await tab.waitForSelector('nav');
    await page.close();
    await stop();
    rmSync(join(around, 'runs', '.studio', 'token'));
    await start(new URL(address).port);
    await poll(() => tab.textContent('.connection')).toContain('open the URL');
  });
});
