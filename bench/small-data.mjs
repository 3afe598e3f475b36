#!/usr/bin/env node
/**
 * Measures augmentations on few images: trains on the first images of a data set, with each augmentation and seed, and
 * evaluates on its test images. Prints a table of means and standard deviations over the seeds. Each row of results is
 * appended to a JSONL file as soon as it is complete and is never recomputed, so a measurement can be killed and
 * resumed.
 *
 *     node bench/small-data.mjs                  # measure, or resume a measurement
 *     node bench/small-data.mjs --table          # print the table of existing results
 *     node bench/small-data.mjs --images 500 --steps 1500 --count 2000 --augment none,color --seeds 1
 *     node bench/small-data.mjs --data photos --size 32 --table
 *
 * Run `npm run build` first. Features for FID come from a classifier of all training images: of their labels, or of
 * rotations if they have none. Training uses one thread, which makes the results reproducible.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { subset } from '../dist/data/source.js';
import { TrainedModel } from '../dist/model/trainedModel.js';
import { evaluate } from '../dist/metrics/evaluate.js';
import { compile as compileWith, openSource, resolveSettings } from '../dist/node.js';
import { dataExtractor } from '../dist/runs/extractorCache.node.js';
import { iterationSpec } from '../dist/training/configuration.js';
import { modelWeights, Trainer } from '../dist/training/trainer.js';
import { ResultRows } from './resultRows.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'mnist' },
    size: { type: 'string', default: '32' },
    images: { type: 'string', default: '100' },
    steps: { type: 'string', default: '1000' },
    width: { type: 'string', default: '8' },
    batch: { type: 'string', default: '32' },
    augment: { type: 'string', default: 'none,translation,cutout,color,color+translation+cutout' },
    seeds: { type: 'string', default: '1,2,3' },
    count: { type: 'string', default: '1000' },
    results: { type: 'string', default: fileURLToPath(new URL('small-data-results.jsonl', import.meta.url)) },
    table: { type: 'boolean', default: false },
  },
});

/** The recipe of the preset `concentrated`, with averages for a short run. */
const RECIPE = {
  divergence: 'qp',
  encoderUpdates: '1;KL_fake:4,KL_real:4,match_x:40',
  generatorUpdates: '2;KL_fake:4,match_z:1000,match_x:30',
  moment: 'variance',
  batchNormStats: 'separate',
  learningRate: 5e-4,
  schedule: 'cosine',
  ema: 0.99,
};

const { data } = values;
const [size, images, steps, width, batch, count] = ['size', 'images', 'steps', 'width', 'batch', 'count'].map((key) =>
  Number(values[key]),
);
const protocol = { data, size, images, steps, width, batch, count };
const compile = (graph) => compileWith(graph, { threads: 1 });
const METRICS = ['reconstruction_l1', 'fid', 'precision', 'recall'];

const results = new ResultRows(values.results);
const { rows } = results;
const isSameProtocol = (row) => Object.entries(protocol).every(([key, value]) => row[key] === value);
const rowsOf = (augment) => rows.filter((row) => isSameProtocol(row) && row.augment === augment);

const settingsOf = (augment, seed) => ({
  ...RECIPE,
  data,
  size,
  width,
  batch,
  steps,
  seed,
  augment: augment === 'none' ? [] : augment.split('+'),
});

const firstOf = (split, limit) =>
  subset(
    split,
    Uint32Array.from({ length: Math.min(limit, split.count) }, (_, index) => index),
  );

/** Trains on a source's images and evaluates on its test images. */
async function measure(source, extractor, augment, seed) {
  const configuration = await resolveSettings(settingsOf(augment, seed));
  const trainer = await Trainer.create(configuration, source.train, compile);
  while (trainer.step < trainer.totalSteps) await trainer.iterate();
  const { pair, objective } = iterationSpec(configuration);
  const model = TrainedModel.of(pair, objective.prior, modelWeights(trainer.state.vectors), compile);
  const common = { model, source, count, seed: 0, divergence: objective, compile };
  const test = await evaluate({ ...common, split: 'test', metrics: new Set(METRICS), extractor });
  const train = await evaluate({ ...common, split: 'train', metrics: new Set(['reconstruction_l1']) });
  await Promise.all([model.release(), trainer.release()]);
  return { ...test.metrics, train_l1: train.metrics.reconstruction_l1 };
}

async function measureAll() {
  const configuration = await resolveSettings(settingsOf('none', 1));
  const full = await openSource(configuration.data, configuration);
  const extractor = await dataExtractor(full, compile, { onNote: console.error });
  const source = { ...full, train: firstOf(full.train, images), test: firstOf(full.test, count) };
  // Seed by seed, so that an interrupted measurement has every augmentation.
  for (const seed of values.seeds.split(',').map(Number)) {
    for (const augment of values.augment.split(',')) {
      if (rowsOf(augment).some((row) => row.seed === seed)) continue;
      const row = { ...protocol, augment, seed, ...(await measure(source, extractor, augment, seed)) };
      results.add(row);
      console.error(`${augment}, seed ${seed}: L1 ${row.reconstruction_l1.toFixed(4)}, FID ${row.fid.toFixed(1)}`);
    }
  }
  await extractor.release();
  full.close?.();
}

/** Mean and standard deviation over seeds. */
function summary(numbers, digits) {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, numbers.length - 1);
  return numbers.length === 1
    ? mean.toFixed(digits)
    : `${mean.toFixed(digits)} ± ${Math.sqrt(variance).toFixed(digits)}`;
}

function table() {
  const columns = [
    ['L1, test', 'reconstruction_l1', 4],
    ['L1, train', 'train_l1', 4],
    ['FID', 'fid', 1],
    ['precision', 'precision', 2],
    ['recall', 'recall', 2],
  ];
  const lines = [...new Set(rows.filter(isSameProtocol).map((row) => row.augment))].map((augment) => {
    const own = rowsOf(augment);
    const cells = columns.map(([, key, digits]) =>
      summary(
        own.map((row) => row[key]),
        digits,
      ),
    );
    return [augment, own.length, ...cells];
  });
  const heading = ['augmentation', 'seeds', ...columns.map(([name]) => name)];
  return [heading, heading.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

if (!values.table) await measureAll();
console.log(table());
