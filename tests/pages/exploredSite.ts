/** A tiny model, its data, and the view that explores it, built for Chromium. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { splitInMemory } from '../../src/data/source.js';
import { fitDensity } from '../../src/density/fitDensity.js';
import { loadModel } from '../../src/node.js';
import { randomStream } from '../../src/random.js';
import { encodeCheckpoint } from '../../src/training/checkpoint.js';
import { Trainer } from '../../src/training/trainer.js';
import { compileSmall } from '../engine/running.js';
import { digest, tinyConfiguration } from '../training/tinyTraining.js';
import { serve } from './browser.js';

export const [SIZE, LATENT, COUNT, STEPS] = [32, 8, 60, 60];
const CLASSES = 3;
export const AREA = SIZE * SIZE;

/** Noise around a gray level, a stripe per class. */
const stream = randomStream(1, 'explored images');
export const labels = Array.from({ length: COUNT }, (_, image) => image % CLASSES);
const images = Uint8Array.from({ length: COUNT * AREA }, (_, index) => {
  const isStripe = Math.floor((index % AREA) / SIZE / 10) === labels[Math.floor(index / AREA)];
  return (isStripe ? 180 : 20) + stream.below(50);
});
export const imageAt = (index: number): Uint8Array => images.subarray(index * AREA, (index + 1) * AREA);
export const rasterOf = (data: Uint8Array) => ({ data, width: SIZE, height: SIZE, channels: 1 });

/** Serves the view with two models: of labeled data, and with a density. */
export async function serveExploredSite(folder: string) {
  const configuration = tinyConfiguration({
    data: 'npz:stripes.npz',
    ema: 0.9,
    batchNormStats: 'separate',
    batch: 12,
    learningRate: 2e-3,
  });
  const trainer = await Trainer.create(configuration, splitInMemory(images, AREA, null), compileSmall);
  for (let step = 0; step < STEPS; step++) await trainer.iterateUnread();
  const { vectors } = await trainer.readState();
  await trainer.release();
  const checkpoint = { configuration, step: STEPS, rateScale: 1, vectors };
  const file = join(folder, 'tiny.safetensors');
  writeFileSync(file, encodeCheckpoint(checkpoint, digest));
  const model = await loadModel(file);
  const codes = await model.encode(Array.from({ length: COUNT }, (_, index) => rasterOf(imageAt(index))));
  const density = fitDensity({ codes: { data: codes, width: LATENT } });
  const data = join(folder, 'data');
  mkdirSync(data);
  for (const [name, known, fitted] of [
    ['labeled', { labels, classNames: ['top', 'middle', 'bottom'] }, {}],
    ['fitted', { labels: null, classNames: null }, { density }],
  ] as const) {
    writeFileSync(join(data, `${name}.safetensors`), encodeCheckpoint({ ...checkpoint, ...fitted }, digest));
    writeFileSync(join(data, `${name}.bytes`), images);
    writeFileSync(join(data, `${name}.json`), JSON.stringify(known));
  }
  await buildSite(join(folder, 'site'));
  const host = await serve({ '': join(folder, 'site'), 'data/': data });
  return { host, model, codes, density };
}

const buildSite = (outDir: string) =>
  build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('exploreHarness', import.meta.url)),
    base: './',
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'import', 'module', 'browser', 'default'] },
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      target: 'es2023',
      minify: false,
      modulePreload: { polyfill: false },
    },
  });
