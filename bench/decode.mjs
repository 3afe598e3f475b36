#!/usr/bin/env node
/**
 * Compares opening a folder of images with sharp alone. Prints one JSON object: images per second of both and their ratio (above 1: faster than
 * sharp alone), milliseconds per batch, seconds to open a cached folder, and peak memory.
 *
 *     node bench/decode.mjs --images 4000 --files 100000
 *
 * Run it after `npm run build`. It writes to the system's temporary folder, and removes its files.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { gatherImages } from '../dist/data/source.js';
import { openFolder } from '../dist/data/imageFolder.node.js';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '4000' },
    files: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
  },
});
const [images, files, rounds] = [values.images, values.files, values.rounds].map(Number);
const SIZE = 64;
const root = mkdtempSync(join(tmpdir(), 'agenet-bench-'));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const seconds = async (action) => {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
};

/** Returns an image of waves and noise. Each is different, because equal ones would be decoded from the CPU's cache. */
function drawImage(number) {
  const pixels = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, index) => 128 + 80 * Math.sin(index / 40 + number) + ((index * 2654435761 + number) % 31));
  return sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } });
}

async function writeImages(format) {
  const folder = join(root, format);
  mkdirSync(folder);
  const paths = Array.from({ length: images }, (_, number) => join(folder, `${number}.${format}`));
  for (const [number, path] of paths.entries()) await drawImage(number).toFile(path);
  return { folder, paths };
}

/** The straightforward way: eight images at a time to raw pixels, which are dropped. */
async function sharpAlone(paths) {
  let next = 0;
  const work = async () => {
    while (next < paths.length) await sharp(paths[next++]).resize(SIZE, SIZE).raw().toBuffer();
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

async function compare(format) {
  const { folder, paths } = await writeImages(format);
  const measured = [];
  for (let round = 0; round <= rounds; round++) {
    const alone = await seconds(() => sharpAlone(paths));
    const cacheFolder = join(root, `cache-${format}-${round}`);
    const opened = await seconds(async () => (await openFolder(folder, { size: SIZE, channels: 3, cacheFolder })).close());
    // The first round is a warm-up.
    if (round > 0) measured.push({ alone, opened });
  }
  return {
    sharp_images_per_s: Math.round(images / median(measured.map(({ alone }) => alone))),
    agenet_images_per_s: Math.round(images / median(measured.map(({ opened }) => opened))),
    ratio: median(measured.map(({ alone, opened }) => alone / opened)),
  };
}

async function openAgain() {
  const folder = join(root, 'many');
  for (let group = 0; group < 100; group++) mkdirSync(join(folder, `class-${group}`), { recursive: true });
  const bytes = await drawImage(0).resize(8, 8).png().toBuffer();
  for (let number = 0; number < files; number++) writeFileSync(join(folder, `class-${number % 100}`, `image-${number}.png`), bytes);
  const options = { size: SIZE, channels: 3, cacheFolder: join(root, 'cache-many') };
  const first = await seconds(async () => (await openFolder(folder, options)).close());
  const memory = process.resourceUsage().maxRSS / 1024;
  let source;
  const again = [];
  for (let round = 0; round < rounds; round++) again.push(await seconds(async () => (source = await openFolder(folder, options))));
  const batches = Array.from({ length: 200 }, (_, batch) => Array.from({ length: 64 }, (_, place) => ((batch * 64 + place) * 7919) % source.train.count));
  const target = new Uint8Array(64 * 3 * SIZE * SIZE);
  const reading = [];
  for (const batch of batches) reading.push(await seconds(() => gatherImages(source.train, batch, 3 * SIZE * SIZE, target)));
  source.close();
  return { files, first_opening_s: first, second_opening_s: median(again), batch_of_64_ms: 1000 * median(reading), peak_rss_mb: Math.round(memory) };
}

try {
  console.log(JSON.stringify({ images, jpeg: await compare('jpg'), png: await compare('png'), again: await openAgain() }));
} finally {
  rmSync(root, { recursive: true, force: true });
}
