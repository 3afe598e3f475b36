/**
 * Writes the checkpoint from which the playground begins to train on a visitor's images: the weights of a run on color
 * images of 32x32 at width 8, as a gzipped checkpoint without averages. The file in the repository came from
 *
 *     npm run faces -- --count 6000 --size 32 --out build/faces32.npz
 *     npx agenet train npz:build/faces32.npz --width 8 --steps 5000 --seed 1 --out runs/faces32
 *     node scripts/playgroundStart.mjs runs/faces32
 *
 * That run was stopped after ten minutes, at iteration 4,585.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { decodeCheckpoint, encodeCheckpoint, modelWeights, stateFromWeights } from '../dist/index.js';

const TARGET = fileURLToPath(new URL('../pages/playground/public/images-start.gz', import.meta.url));
/** The repository is no place for large files. */
const MAX_BYTES = 800_000;
/** Bits of a float32 that are cleared, so that it compresses: 11 of the 24 significant bits remain, as in float16. */
const CLEARED = 13;

const [run] = process.argv.slice(2);
if (run === undefined) {
  console.error('playgroundStart: name a run folder');
  process.exit(2);
}

const digest = (...pieces) => pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('hex');
const folder = join(run, 'checkpoints');
const file = join(
  folder,
  readdirSync(folder)
    .filter((name) => /^\d+\.safetensors$/u.test(name))
    .at(-1),
);
const { configuration: trained, vectors } = await decodeCheckpoint(readFileSync(file), file, digest);
const configuration = {
  ...trained,
  data: 'images',
  flip: true,
  // Training continues until the visitor ends it.
  length: { steps: 1_000_000 },
  learningRate: 1e-3,
  schedule: 'constant',
  // The page adds averages, which begin at the weights.
  ema: 0,
};
const weights = Object.fromEntries(
  Object.entries(modelWeights(vectors)).map(([name, vector]) => [name, rounded(vector)]),
);
const start = { configuration, ...stateFromWeights(weights, configuration) };
const bytes = gzipSync(encodeCheckpoint(start, digest), { level: 9 });
if (bytes.length > MAX_BYTES) {
  console.error(`playgroundStart: ${bytes.length} bytes, but at most ${MAX_BYTES} are allowed; train a smaller model`);
  process.exit(1);
}
writeFileSync(TARGET, bytes);
console.log(`${TARGET}: ${bytes.length} bytes`);

function rounded(vector) {
  const bits = new Uint32Array(vector.slice().buffer);
  const half = 1 << (CLEARED - 1);
  for (let index = 0; index < bits.length; index++) bits[index] = ((bits[index] + half) >>> CLEARED) << CLEARED;
  return new Float32Array(bits.buffer);
}
