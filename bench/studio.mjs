#!/usr/bin/env node
/**
 * Measures the studio.
 *
 *     node bench/studio.mjs scale      the time to open the page with 200 runs of 100,000 iterations
 *     node bench/studio.mjs readers    the cost to a run of 50 pages that follow it for a minute, and the memory of the server
 *
 * `scale` opens the page in Chromium (CHROMIUM, default /usr/bin/chromium). `readers` alternates between no readers and
 * all of them. Run `npm run build` first.
 */
import { spawn } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';

/* global document, fetch */

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '200' },
    iterations: { type: 'string', default: '100000' },
    readers: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '2' },
    width: { type: 'string', default: '16' },
  },
});
const number = (name) => Number(values[name]);

/** Starts a studio of a folder, and returns its address with the token, and the headers of requests. */
async function openStudio(folder) {
  const child = spawn(process.execPath, [MAIN, 'studio', folder, '--port', '0', '--no-open'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = await new Promise((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (data) => {
      text += data;
      const found = /http:\/\/\S+/u.exec(text)?.[0];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(text)));
  });
  const { origin, searchParams } = new URL(address);
  const headers = { authorization: `Bearer ${searchParams.get('token')}` };
  const end = () => new Promise((resolve) => child.once('exit', resolve) && child.kill('SIGINT'));
  return { address, origin, headers, child, end };
}

/** Memory of a process in megabytes. */
const memoryOf = ({ pid }) => Number(/^VmRSS:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

const KEYS = [
  'loss',
  'KL_real',
  'KL_real_gap',
  'uniform',
  'match_x',
  'align',
  'KL_fake',
  'KL_fake_gap',
  'grad_norm',
  'code_variance_real',
];

/** Writes runs with logs of an entry every ten iterations; all share one file. */
function writeRuns(folder) {
  const iterations = number('iterations');
  const log = join(folder, 'log');
  const entry = (step) => ({
    step,
    epoch: Math.floor(step / 937),
    seconds: step / 10,
    iterations_per_second: 10,
    memory_mb: 400,
    learning_rate: 0.001,
    ...Object.fromEntries(
      KEYS.flatMap((key) => ['encoder', 'generator'].map((network) => [`${network}.${key}`, Math.sin(step) / step])),
    ),
  });
  writeFileSync(
    log,
    Array.from({ length: iterations / 10 }, (_, index) => `${JSON.stringify(entry(10 * (index + 1)))}\n`).join(''),
  );
  const configuration = {
    version: 3,
    data: 'mnist',
    network: 'dcgan32',
    width: 16,
    latent: 64,
    length: { steps: iterations },
  };
  for (let run = 1; run <= number('runs'); run++) {
    const path = join(folder, `run-${run}`);
    for (const name of ['samples', 'checkpoints']) mkdirSync(join(path, name), { recursive: true });
    writeFileSync(join(path, 'config.json'), JSON.stringify({ ...configuration, seed: run }));
    writeFileSync(
      join(path, 'journal.jsonl'),
      `${JSON.stringify({ time: new Date().toISOString(), type: 'trained', step: iterations, interrupted: false })}\n`,
    );
    linkSync(log, join(path, 'log.jsonl'));
  }
}

async function measureScale() {
  const { chromium } = await import('playwright-core');
  const folder = mkdtempSync(join(tmpdir(), 'agenet-studio-'));
  writeRuns(folder);
  const studio = await openStudio(folder);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const page = await browser.newPage();
  const time = async (action) => {
    const start = performance.now();
    await action();
    return (performance.now() - start) / 1000;
  };
  const list = await time(() => page.goto(studio.address).then(() => page.waitForSelector('.card')));
  const curves = await time(() =>
    page
      .goto(`${studio.origin}/#/run/run-7`)
      .then(() =>
        page.waitForFunction(() =>
          /iteration 100000/u.test(document.querySelector('.chart [role=img]')?.ariaLabel ?? ''),
        ),
      ),
  );
  console.log(
    `list of ${values.runs} runs: ${list.toFixed(2)} s; curves of one: ${curves.toFixed(2)} s; server ${memoryOf(studio.child).toFixed(0)} MB`,
  );
  await browser.close();
  await studio.end();
  rmSync(folder, { recursive: true });
}

/** A page that follows a run and reads its previews. */
function follow({ origin, headers }) {
  let received = 0;
  let preview = null;
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/live`, { headers });
  socket.on('open', () => socket.send(JSON.stringify({ follow: ['load'] })));
  socket.on('message', (data) => {
    received += data.length;
    const run = JSON.parse(data).changed?.find(({ id }) => id === 'load');
    if (run && run.preview !== preview) {
      preview = run.preview;
      for (const kind of ['samples', 'reconstructions'])
        void fetch(`${origin}/api/runs/load/${kind}/${preview}`, { headers }).then((response) =>
          response.arrayBuffer(),
        );
      void fetch(`${origin}/api/runs/load`, { headers }).then((response) => response.arrayBuffer());
    }
  });
  return { close: () => socket.terminate(), received: () => received };
}

/** Returns the iterations per second over some seconds. */
async function rateOf(log, seconds) {
  const last = () => JSON.parse(readFileSync(log, 'utf8').trimEnd().split('\n').at(-1));
  const before = last();
  await pause(1000 * seconds);
  const after = last();
  return (after.step - before.step) / (after.seconds - before.seconds);
}

async function measureReaders() {
  const folder = mkdtempSync(join(tmpdir(), 'agenet-studio-'));
  const run = join(folder, 'load');
  const args = [
    'train',
    'mnist',
    '--out',
    run,
    '--width',
    values.width,
    '--steps',
    '1000000',
    '--threads',
    '1',
    '--log-every',
    '2',
    '--sample-every',
    '100',
  ];
  const training = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
  const studio = await openStudio(folder);
  await pause(15_000);
  for (let round = 1; round <= number('rounds'); round++) {
    const alone = await rateOf(join(run, 'log.jsonl'), number('seconds'));
    const before = memoryOf(studio.child);
    const readers = Array.from({ length: number('readers') }, () => follow(studio));
    const together = await rateOf(join(run, 'log.jsonl'), number('seconds'));
    const bytes = readers.reduce((sum, reader) => sum + reader.received(), 0);
    readers.forEach(({ close }) => close());
    const memory = `memory ${before.toFixed(0)} MB before, ${memoryOf(studio.child).toFixed(0)} MB after`;
    console.log(
      `${alone.toFixed(3)} it/s alone, ${together.toFixed(3)} with ${values.readers} readers: ${(together / alone).toFixed(3)}; ${(bytes / 2 ** 20).toFixed(1)} MiB sent; ${memory}`,
    );
  }
  training.kill('SIGKILL');
  await studio.end();
  rmSync(folder, { recursive: true });
}

const MEASUREMENTS = { scale: measureScale, readers: measureReaders };
const measure = MEASUREMENTS[positionals[0]];
if (!measure) throw new Error(`expected one of ${Object.keys(MEASUREMENTS).join(', ')}`);
await measure();
