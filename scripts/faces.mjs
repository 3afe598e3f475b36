/**
 * Renders faces with known attributes into an archive: `images` uint8 `[N, size, size, 3]`, one array `[N]` per
 * attribute, and one of them again as `labels`. Attributes are class numbers, or floats such as `fatness`. A table beside
 * it has the attributes by name, a row per face. The same seed gives the same faces at every size.
 *
 *     npm run faces -- --count 20000 --size 64 --out build/faces.npz        # and build/faces.csv
 *     npm run faces -- --style avataaars --labels top --out build/avatars.npz
 *
 * The style facesjs has the attributes hair, skin, glasses, gender, beard and fatness. Any other is a style of DiceBear
 * by its name there, such as avataaars or toonHead, with the attributes of that style.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { createAvatar } from '@dicebear/core';
import * as styles from '@dicebear/collection';
import { encodeNpz } from '../dist/index.js';
import { randomFace, render } from './facesjs.mjs';

const OPTIONS = {
  count: { type: 'string', default: '20000' },
  size: { type: 'string', default: '64' },
  seed: { type: 'string', default: '1' },
  style: { type: 'string', default: 'facesjs' },
  labels: { type: 'string' },
  out: { type: 'string', default: 'build/faces.npz' },
};
/** The archive is made in memory. */
const MAX_BYTES = 2 ** 31;
/** Faces that are rendered at a time. */
const CHUNK = 64;
function fail(message) {
  console.error(`faces: ${message}`);
  process.exit(2);
}

function dicebearFace(style, seed, index) {
  const avatar = createAvatar(style, { seed: `${seed}-${index}` });
  const { extra } = avatar.toJson();
  const isOfFace = ([name]) => !/^(?:primary|secondary)?background/iu.test(name);
  return { svg: avatar.toString(), attributes: Object.fromEntries(Object.entries(extra).filter(isOfFace)) };
}

/** Numbers stay, other values become numbers of their classes in alphabetical order. */
function attributeArray(values) {
  if (values.every((value) => typeof value === 'number'))
    return { shape: [values.length], data: Float32Array.from(values) };
  const names = [...new Set(values.map(String))].sort();
  return { shape: [values.length], data: Uint8Array.from(values, (value) => names.indexOf(String(value))) };
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({ options: OPTIONS }));
  } catch (error) {
    fail(error.message.split('\n')[0]);
  }
  const [count, size, seed] = ['count', 'size', 'seed'].map((name) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1 || value > 1e7) fail(`--${name}: must be a whole number from 1`);
    return value;
  });
  if (count * size * size * 3 > MAX_BYTES) fail('--count and --size: the images have more than 2 GiB');
  const style = values.style === 'facesjs' ? undefined : styles[values.style];
  if (values.style !== 'facesjs' && style === undefined)
    fail(`--style: unknown style "${values.style}"; choose facesjs or one of ${Object.keys(styles).join(', ')}`);
  if (!values.out.endsWith('.npz')) fail(`--out: must end in .npz, not ${values.out}`);
  return { ...values, count, size, seed, style };
}

const { count, size, seed, style, labels = style ? undefined : 'hair', out } = readOptions();
const faceOf = style ? (index) => dicebearFace(style, seed, index) : (index) => randomFace(seed, index);
const known = Object.keys(faceOf(0).attributes);
if (labels !== undefined && !known.includes(labels)) fail(`--labels: no attribute "${labels}" (${known.join(', ')})`);
const images = new Uint8Array(count * size * size * 3);
const attributes = Object.fromEntries(known.map((name) => [name, []]));
for (let first = 0; first < count; first += CHUNK) {
  const faces = Array.from({ length: Math.min(CHUNK, count - first) }, (_, index) => faceOf(first + index));
  const pixels = await Promise.all(faces.map(({ svg }) => render(svg, size)));
  for (const [index, face] of faces.entries()) {
    images.set(pixels[index], (first + index) * size * size * 3);
    for (const name of known) attributes[name].push(face.attributes[name] ?? 'none');
  }
  process.stderr.write(`\rfaces: ${first + faces.length} of ${count}`);
}
process.stderr.write('\n');
const arrays = Object.fromEntries(known.map((name) => [name, attributeArray(attributes[name])]));
const labeled = labels === undefined ? {} : { labels: arrays[labels] };
const archive = await encodeNpz({ images: { shape: [count, size, size, 3], data: images }, ...labeled, ...arrays });
const table = out.replace(/\.npz$/u, '.csv');
const cell = (value) => (/[",\n]/u.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const rows = Array.from({ length: count }, (_, index) => known.map((name) => cell(String(attributes[name][index]))));
try {
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, archive);
  writeFileSync(table, `${[known, ...rows].join('\n')}\n`);
} catch (error) {
  fail(`--out ${out}: cannot be written (${error.code})`);
}
console.log(`Wrote ${count} faces of ${size}x${size} to ${out}, with their attributes in ${table}`);
