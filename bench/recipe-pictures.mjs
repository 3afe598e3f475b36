#!/usr/bin/env node
/**
 * Draws the pictures that docs/recipes.md compares recipes with: samples, test images with their reconstructions, pairs
 * of test images with the midpoint of the great circle between their codes, and a map of the test images.
 *
 *     node bench/recipe-pictures.mjs runs/mnist-1 docs/images/recipe-default
 *     node bench/recipe-pictures.mjs runs/fashion docs/images/fashion-mnist fashion-mnist
 *
 * Run `npm run build` first. The second argument is the beginning of the names of the PNG files.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadModel, openSource } from '../dist/node.js';
import { Images } from '../dist/images/images.node.js';

const [COLUMNS, ROWS, SCALE] = [6, 6, 2];
const IMAGES = COLUMNS * ROWS;
const [run, prefix, data = 'mnist'] = parseArgs({ allowPositionals: true }).positionals;
const model = await loadModel(run);
const { test } = await openSource(data);
const [channels, height, width] = model.imageShape;
const imageBytes = channels * height * width;

/** The first test images, bytes [C, H, W]. */
function testImages(count) {
  const data = new Uint8Array(count * imageBytes);
  for (let index = 0; index < count; index++) test.copyImage(index, data, index * imageBytes);
  return imagesIn({ count, data });
}

const imagesIn = ({ count, data }) =>
  Array.from({ length: count }, (_, index) => data.subarray(index * imageBytes, (index + 1) * imageBytes));

const digits = testImages((2 * IMAGES) / 3).map((data) => ({ data, width, height, channels }));
const reconstructed = digits.slice(0, IMAGES / 2);
const reconstructions = imagesIn(await model.reconstruct(reconstructed));
const paths = [];
for (let pair = 0; pair < digits.length; pair += 2)
  paths.push(...imagesIn(await model.interpolate(digits.slice(pair, pair + 2), { frames: 3 })));
const pictures = {
  samples: imagesIn(await model.sample({ count: IMAGES, seed: 0 })),
  reconstructions: reconstructed.flatMap(({ data }, index) => [data, reconstructions[index]]),
  midpoints: paths,
};
for (const [name, images] of Object.entries(pictures)) {
  const grid = new Images({ shape: model.imageShape, count: images.length, data: Buffer.concat(images) }, COLUMNS);
  await grid.toFile(`${prefix}-${name}.png`, { scale: SCALE });
}
await model.release();
const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const map = [
  'map',
  run,
  'mnist',
  '--split',
  'test',
  '--count',
  '1000',
  '--cells',
  '16',
  '--scale',
  '1',
  '--out',
  `${prefix}-map.png`,
];
execFileSync(process.execPath, [program, ...map]);
