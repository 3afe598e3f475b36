/**
 * Writes the playground's model of digits: the networks of an exported page, with a small density of codes. Run it after
 * `npm run build` and `npm run build:playground`:
 *
 *     npx agenet train mnist --width 8 --out runs/digits
 *     npx agenet export runs/digits --web --float16 --out page
 *     node scripts/playgroundModel.mjs page
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { densityValues } from '../dist/export/pageModel.js';
import { fitDensity } from '../dist/index.js';

/** Of codes of 500 other digits, the mean log density is 126 with 8 Gaussians, 130 with 16 (72 kB) and 132 with 64 (282 kB). */
const GAUSSIANS = 16;
/** Bits of a float32 that are cleared, so that it compresses. */
const CLEARED = 16;
const [INNER, BORDER, SIZE] = [28, 2, 32];

const pathOf = (name) => fileURLToPath(new URL(`../pages/playground/public/${name}`, import.meta.url));
const [page] = process.argv.slice(2);
if (page === undefined) throw new Error('name the folder of an exported page');
const script = readFileSync(join(page, 'model.js'), 'utf8');
const model = {
  ...JSON.parse(script.slice(script.indexOf('{'), script.lastIndexOf('}') + 1)),
  name: 'Digits',
  summary: 'dcgan32 of width 8, trained for ten epochs on MNIST with the default recipe.',
};

const bytes = gunzipSync(readFileSync(pathOf('digits.gz')));
const count = bytes.length / INNER ** 2;
const images = new Float32Array(count * SIZE ** 2);
for (let row = 0; row < count * INNER; row++) {
  const [image, line] = [Math.floor(row / INNER), row % INNER];
  const pixels = Float32Array.from(bytes.subarray(row * INNER, (row + 1) * INNER), (byte) => byte / 255);
  images.set(pixels, image * SIZE ** 2 + (line + BORDER) * SIZE + BORDER);
}

const encoder = await InferenceSession.create(gunzipSync(Buffer.from(model.networks.encoder, 'base64')));
const { codes } = await encoder.run({ images: new Tensor('float32', images, [count, 1, SIZE, SIZE]) });
const fitted = fitDensity({
  codes: { data: Float64Array.from(codes.data), width: model.latent },
  maxGaussians: GAUSSIANS,
});
// Samples start at means of Gaussians: with 500 codes, which need as much space again, FID is higher by a half.
const none = new Float32Array(0);
const logShares = fitted.counts.map((each) => Math.log(each / fitted.logShares.length));
const density = { ...fitted, codes: none, counts: none, neighbors: none, logShares };
const values = new Uint32Array(densityValues(density).buffer);
const half = 1 << (CLEARED - 1);
for (let at = 0; at < values.length; at++) values[at] = ((values[at] + half) >>> CLEARED) << CLEARED;
const packed = gzipSync(values, { level: 9 });
model.density = { gaussians: logShares.length, values: packed.toString('base64') };
writeFileSync(pathOf('digits-model.json'), `${JSON.stringify(model)}\n`);
console.log(`${logShares.length} Gaussians, ${packed.length} bytes`);
