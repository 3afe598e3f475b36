#!/usr/bin/env node
/**
 * Compares opening a folder of images with decoding it by sharp alone, and prints one JSON object: images per second of
 * both and their ratio (above 1 means faster than sharp), milliseconds to read a batch, seconds to reopen a decoded
 * folder, and peak memory.
 *
 *     node bench/decode.mjs --images 4000 --files 100000
 *
 * Run `npm run build` first. Temporary files go to the system's temporary folder and are removed at the end.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { gatherImages } from '../dist/index.js';
import { openSource } from '../dist/node.js';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '4000' },
    files: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
  },
});
const [images, files, rounds] = [values.images, values.files, values.rounds].map(Number);
const SIZE = 64;
const FORMAT = { size: SIZE, channels: 3 };
const root = mkdtempSync(join(tmpdir(), 'agenet-bench-'));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const seconds = async (action) => {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
};

/**
 * An image of waves and noise, different for each number: identical ones would stay in the CPU cache while they are
 * decoded.
 */
function image(number) {
  const pixels = Uint8Array.from(
    { length: SIZE * SIZE * 3 },
    (_, index) => 128 + 80 * Math.sin(index / 40 + number) + ((index * 2654435761 + number) % 31),
  );
  return sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } });
}

async function writeImages(format) {
  const folder = join(root, format);
  mkdirSync(folder);
  const paths = Array.from({ length: images }, (_, number) => join(folder, `${number}.${format}`));
  for (const [number, path] of paths.entries()) await image(number).toFile(path);
  return { folder, paths };
}

/** The baseline: decodes eight images at a time to raw pixels and discards them. */
async function sharpAlone(paths) {
  let next = 0;
  const worker = async () => {
    while (next < paths.length) await sharp(paths[next++]).resize(SIZE, SIZE).raw().toBuffer();
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

async function compare(format) {
  const { folder, paths } = await writeImages(format);
  const measured = [];
  for (let round = 0; round <= rounds; round++) {
    const alone = await seconds(() => sharpAlone(paths));
    const cacheFolder = join(root, `cache-${format}-${round}`);
    const decoded = await seconds(async () => (await openSource(folder, FORMAT, { cacheFolder })).close());
    // The first round is a warm-up of both.
    if (round > 0) measured.push({ alone, decoded });
  }
  return {
    sharp_images_per_s: Math.round(images / median(measured.map(({ alone }) => alone))),
    agenet_images_per_s: Math.round(images / median(measured.map(({ decoded }) => decoded))),
    ratio: median(measured.map(({ alone, decoded }) => alone / decoded)),
  };
}

async function reopen() {
  const folder = join(root, 'many');
  for (let group = 0; group < 100; group++) mkdirSync(join(folder, `class-${group}`), { recursive: true });
  const bytes = await image(0).resize(8, 8).png().toBuffer();
  for (let number = 0; number < files; number++)
    writeFileSync(join(folder, `class-${number % 100}`, `image-${number}.png`), bytes);
  const options = { cacheFolder: join(root, 'cache-many') };
  const first = await seconds(async () => (await openSource(folder, FORMAT, options)).close());
  const memory = process.resourceUsage().maxRSS / 1024;
  let source;
  const again = [];
  for (let round = 0; round < rounds; round++)
    again.push(await seconds(async () => (source = await openSource(folder, FORMAT, options))));
  const batches = Array.from({ length: 200 }, (_, batch) =>
    Array.from({ length: 64 }, (_, index) => ((batch * 64 + index) * 7919) % source.train.count),
  );
  const target = new Uint8Array(64 * 3 * SIZE * SIZE);
  const reading = [];
  for (const batch of batches)
    reading.push(await seconds(() => gatherImages(source.train, batch, 3 * SIZE * SIZE, target)));
  source.close();
  return {
    files,
    first_opening_s: first,
    second_opening_s: median(again),
    batch_of_64_ms: 1000 * median(reading),
    peak_rss_mb: Math.round(memory),
  };
}

try {
  console.log(JSON.stringify({ images, jpeg: await compare('jpg'), png: await compare('png'), again: await reopen() }));
} finally {
  rmSync(root, { recursive: true, force: true });
}
