#!/usr/bin/env node
/**
 * Writes the images that face_attributes.py judges: samples of a run on rendered faces with the attributes of training
 * images, and the same samples after one attribute was changed, with the same codes.
 *
 *     npm run faces -- --count 7000 --out build/faces.npz
 *     npm run faces -- --count 12000 --seed 2 --out build/judge.npz
 *     npx agenet train npz:build/faces.npz --condition attributes:build/faces.csv --steps 20000 --out runs/attributes
 *     node bench/face-attributes.mjs build/samples.npz runs/attributes
 *     node bench/face-attributes.mjs build/rendered.npz          # faces that are rendered again after one change
 *     python3 bench/face_attributes.py build/judge build/faces build/samples build/rendered
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { encodeNpz } from '../dist/index.js';
import { openSource } from '../dist/node.js';
import { attributesFile } from '../dist/conditions/syntax.js';
import { drawSampleCodes } from '../dist/density/codeDensity.js';
import { compile } from '../dist/engine/runtime/native.node.js';
import { imagesOf } from '../dist/model/sampling.js';
import { randomStream } from '../dist/random.js';
import { openRun } from '../dist/runs/runFolder.node.js';
import { randomFace, render, svgOf } from '../scripts/facesjs.mjs';

const [COUNT, SIZE] = [1000, 64];
/** Of rendered faces; no other faces have it. */
const SEED = 3;
const ATTRIBUTES = ['hair', 'skin', 'glasses', 'beard', 'fatness'];
/** Smaller changes of the fatness are hardly seen. */
const MIN_CHANGE = 0.2;

const [out, run] = parseArgs({ allowPositionals: true }).positionals;
const random = randomStream(1, 'changes');
const oneOf = (list) => list[Math.floor(random.uniform() * list.length)];

/** Returns another value of an attribute, or undefined: hair fits the gender, and only men have beards. */
function otherValue(attribute, face, faces) {
  if (attribute === 'beard' && face.gender === 'female') return undefined;
  const others = faces.filter((other) =>
    attribute === 'fatness'
      ? Math.abs(other.fatness - face.fatness) > MIN_CHANGE
      : other[attribute] !== face[attribute] && (attribute !== 'hair' || other.gender === face.gender),
  );
  return oneOf(others)[attribute];
}

/** Faces that a run is asked for, and their samples, bytes [n, 3, 64, 64]. Equal rows have equal codes. */
async function samplesOf(path) {
  const { model, checkpoint } = await openRun(path, (graph, options) => compile(graph, { ...options, threads: 2 }));
  const { configuration } = checkpoint;
  const { train } = await openSource(configuration.data, configuration, {
    attributesFile: attributesFile(configuration),
  });
  const attributes = Array.from({ length: COUNT }, (_, index) => train.describe(index));
  const conditionsOf = (descriptions) => model.condition.of({ x: new Uint8Array(0), labels: null, descriptions });
  const codes = drawSampleCodes(model, COUNT, randomStream(1, 'codes'), conditionsOf(attributes));
  const codeOf = (row) => codes.subarray(row * model.latentSize, (row + 1) * model.latentSize);
  const draw = async (rows, descriptions) => {
    const z = Float32Array.from(rows.flatMap((row) => [...codeOf(row)]));
    return imagesOf(model, await model.generateSamples({ z, y: conditionsOf(descriptions) })).data;
  };
  return { attributes, draw };
}

/** Random faces, and how they are rendered with given attributes: what is none of them stays. */
function renderedFaces() {
  const faces = Array.from({ length: COUNT }, (_, index) => randomFace(SEED, index));
  // As a table of attributes has them.
  const attributes = faces.map((each) =>
    Object.fromEntries(Object.entries(each.attributes).map(([name, value]) => [name, String(value)])),
  );
  /** The part of this face if it is present or absent as requested, and otherwise of another face. */
  const partOf = (row, part, isWanted) =>
    [faces[row], ...faces].map(({ face }) => face[part]).find(({ id }) => (id !== 'none') === (isWanted === 'true'));
  const withAttributes = (row, { hair, skin, glasses, beard, fatness }) => {
    const { face } = faces[row];
    return {
      ...face,
      fatness: Number(fatness),
      hair: { ...face.hair, id: hair },
      body: { ...face.body, color: skin },
      glasses: partOf(row, 'glasses', glasses),
      facialHair: partOf(row, 'facialHair', beard),
    };
  };
  const draw = async (rows, descriptions) =>
    Buffer.concat(await Promise.all(rows.map((row, index) => drawFace(withAttributes(row, descriptions[index])))));
  return { attributes, draw };
}

const drawFace = async (face) => planesOf(await render(svgOf(face), SIZE));

/** From [H, W, 3] to [3, H, W]. */
const planesOf = (pixels) => {
  const area = SIZE * SIZE;
  return Buffer.from(Array.from({ length: 3 * area }, (_, at) => pixels[3 * (at % area) + Math.floor(at / area)]));
};

const { attributes, draw } = run === undefined ? renderedFaces() : await samplesOf(run);
const rows = Array.from(attributes.keys());
const arrays = {};
const table = {};
for (const attribute of [undefined, ...ATTRIBUTES]) {
  const values = rows.map((row) => attribute && otherValue(attribute, attributes[row], attributes));
  const changed = attribute ? rows.filter((row) => values[row] !== undefined) : rows;
  const descriptions = changed.map((row) => ({ ...attributes[row], ...(attribute && { [attribute]: values[row] }) }));
  const data = await draw(changed, descriptions);
  arrays[attribute ?? 'unchanged'] = { shape: [changed.length, 3, SIZE, SIZE], data: new Uint8Array(data) };
  table[attribute ?? 'unchanged'] = { rows: changed, descriptions };
}
writeFileSync(out, await encodeNpz(arrays));
writeFileSync(out.replace(/\.npz$/u, '.json'), JSON.stringify(table));
process.exit(0);
