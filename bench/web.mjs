#!/usr/bin/env node
/**
 * Times iterations of the published plan in Chromium, in a module worker of a cross-origin-isolated page, against
 * native kernels in Node: gray images of 32x32, M 64, batch 64. One measurement of each variant per round, in turn.
 * Prints the fastest iteration of each round and the median of the rounds, which other programs disturb least.
 *
 *     node bench/web.mjs [--widths 8,16] [--variants plain,wasm,wasm-2,webgpu,native] [--rounds 3] [--iterations 6]
 *
 * A variant is a target of the lowering; `wasm-2` is `wasm` with two threads. Run `npm run build` first.
 */
/* global Worker */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { rolldown } from 'rolldown';
import { splitInMemory } from '../dist/data/source.js';
import { compile, resolveSettings } from '../dist/node.js';
import { Trainer } from '../dist/training/trainer.js';

const { values } = parseArgs({
  options: {
    widths: { type: 'string', default: '8,16' },
    variants: { type: 'string', default: 'plain,wasm,native' },
    rounds: { type: 'string', default: '3' },
    iterations: { type: 'string', default: '6' },
    chromium: { type: 'string', default: process.env.CHROMIUM ?? '/usr/bin/chromium' },
  },
});
const iterations = Number(values.iterations);
const IMAGES = 256;
const images = Uint8Array.from({ length: IMAGES * 32 * 32 }, (_, index) => (index * 2654435761) >>> 24);

const bundle = await rolldown({
  input: fileURLToPath(new URL('webWorker.mjs', import.meta.url)),
  platform: 'browser',
  resolve: { conditionNames: ['onnxruntime-web-use-extern-wasm', 'import', 'browser', 'default'] },
});
const { output } = await bundle.generate({ format: 'es', entryFileNames: 'worker.js' });
const scripts = new Map(output.map((chunk) => [`/${chunk.fileName}`, chunk.code]));
const runtime = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
const TYPES = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' };
const server = createServer((request, response) => {
  // Threads need a page that shares memory with no other site.
  response
    .setHeader('cross-origin-opener-policy', 'same-origin')
    .setHeader('cross-origin-embedder-policy', 'require-corp');
  const path = new URL(request.url, 'http://host').pathname;
  if (path === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html>');
  const file = path.startsWith('/ort/') ? join(runtime, path.slice('/ort/'.length)) : undefined;
  const content = scripts.get(path) ?? (file && existsSync(file) ? readFileSync(file) : undefined);
  if (content === undefined) return response.writeHead(404).end();
  response.setHeader('content-type', TYPES[path.split('.').at(-1)] ?? 'text/plain').end(content);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
const browser = await chromium.launch({
  executablePath: values.chromium,
  args: ['--no-sandbox', '--disable-background-networking', ...WEBGPU],
});
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);

/** Seconds of each iteration in the page. */
async function inPage(configuration, variant) {
  const [target, threads = '1'] = variant.split('-');
  const { seconds, failure } = await page.evaluate(
    async ([given, pixels]) => {
      const worker = new Worker('/worker.js', { type: 'module' });
      const answer = new Promise((resolve) => worker.addEventListener('message', ({ data }) => resolve(data)));
      worker.postMessage({ ...given, images: Uint8Array.from(pixels) });
      const result = await answer;
      worker.terminate();
      return result;
    },
    [
      { configuration, iterations, threads: Number(threads), device: target === 'webgpu' ? 'webgpu' : 'wasm', target },
      Array.from(images),
    ],
  );
  if (failure) throw new Error(failure);
  return seconds;
}

async function native(configuration) {
  const trainer = await Trainer.create(configuration, splitInMemory(images, 32 * 32, null), (graph) =>
    compile(graph, { threads: 1 }),
  );
  const seconds = [];
  for (let step = 0; step < iterations; step++) {
    const start = performance.now();
    await trainer.iterate();
    seconds.push((performance.now() - start) / 1000);
  }
  await trainer.release();
  return seconds;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
for (const width of values.widths.split(',').map(Number)) {
  const configuration = await resolveSettings({
    data: 'mnist',
    preset: 'published',
    width,
    batch: 64,
    latent: 64,
    steps: iterations,
  });
  const variants = values.variants.split(',');
  const fastest = new Map(variants.map((variant) => [variant, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const variant of variants) {
      const seconds = await (variant === 'native' ? native(configuration) : inPage(configuration, variant));
      fastest.get(variant).push(Math.min(...seconds));
    }
  }
  for (const [variant, seconds] of fastest) {
    const ratios = seconds.map((value, round) => value / fastest.get(variants[0])[round]);
    console.log(
      `width ${width} ${variant}: ${(1 / median(seconds)).toFixed(2)} it/s, ${(1000 * median(seconds)).toFixed(0)} ms (${seconds.map((value) => (1000 * value).toFixed(0)).join(', ')}), ${median(ratios).toFixed(2)} of ${variants[0]}`,
    );
  }
}
await browser.close();
server.close();
