#!/usr/bin/env node
/**
 * Tunes recipes by successive halving: trains every candidate of a file for a few iterations, scores it with `evaluate`
 * and `probe`, and advances the best to the next, longer round. The last round has several seeds. Prints a table.
 * Images for scoring are held out from the training images. The test images are used by `--report` alone, for
 * candidates that are already chosen.
 *
 *     node bench/tune.mjs                        # search over bench/recipes.yaml, or resume it
 *     node bench/tune.mjs --table                # print the table of existing results
 *     node bench/tune.mjs --names a,b --steps 9370 --seeds 1
 *     node bench/tune.mjs --report a,b           # train with all training images, score with the test images
 *
 * Run `npm run build` first. Each result is appended to a JSONL file as soon as it is complete and is never recomputed,
 * so a search can be killed, resumed and extended with more candidates. A training that fails is a result as well, with
 * the error instead of metrics. Training uses one thread, so that results are reproducible.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { parse } from 'yaml';
import { ResultRows } from './resultRows.mjs';
import { show, summarize } from './recipeScore.mjs';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const { values } = parseArgs({
  options: {
    candidates: { type: 'string', default: pathOf('recipes.yaml') },
    results: { type: 'string', default: pathOf('recipes-results.jsonl') },
    runs: { type: 'string', default: 'runs/recipes' },
    program: { type: 'string', default: pathOf('../dist/cli/main.js') },
    names: { type: 'string' },
    steps: { type: 'string' },
    seeds: { type: 'string' },
    report: { type: 'string' },
    count: { type: 'string', default: '10000' },
    parallel: { type: 'string', default: '2' },
    table: { type: 'boolean', default: false },
  },
});

const file = parse(readFileSync(values.candidates, 'utf8'));
const { data, validationFraction, labels, bounds, keep, base } = file;
const rounds = file.rounds
  .filter(({ steps }) => values.steps === undefined || values.steps.split(',').map(Number).includes(steps))
  .map((round) => ({ ...round, seeds: values.seeds?.split(',').map(Number) ?? round.seeds }));
const chosen = (values.report ?? values.names)?.split(',');
const candidates = file.candidates
  .map(({ name, ...settings }) => ({ name, settings: { ...base, ...settings } }))
  .filter(({ name }) => chosen === undefined || chosen.includes(name));

for (const name of chosen ?? []) {
  if (!candidates.some((candidate) => candidate.name === name))
    throw new Error(`${values.candidates}: no candidate is named ${name}`);
}

/** The metrics of `evaluate` in the table, all of which bounds may refer to. */
const METRICS = [
  'reconstruction_l1',
  'fid',
  'midpoint_fid',
  'precision',
  'recall',
  'latent_cosine',
  'code_variance_real',
  'effective_rank_real',
];

// A training that outlives the search would keep its run folder locked.
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill()));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

/** Runs an agenet command, and returns its JSON result. */
function agenet(...args) {
  const child = spawn(process.execPath, [values.program, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (errors = (errors + text).slice(-2000)));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => {
      children.delete(child);
      if (status === 0) resolve(JSON.parse(output.trim().split('\n').at(-1)));
      else reject(new Error(`agenet ${args[0]} exited with status ${status}: ${errors.trim().split('\n').at(-1)}`));
    });
  });
}

const results = new ResultRows(values.results);
const { rows } = results;

/** The training images alone. In a search, a share of them is held out in place of the test images. */
const archive = join(values.runs, 'train.npz');
const imagesFor = (split) =>
  split === 'test' ? [data] : [`npz:${archive}`, '--test-fraction', String(validationFraction)];

/** Trains a candidate, from its last checkpoint if it has one, and returns that of its last iteration. */
async function train({ name, settings }, { steps, seed, split }) {
  const run = join(values.runs, `${name}-${steps}-${split}-${seed}`);
  const checkpoints = join(run, 'checkpoints');
  const last = join(checkpoints, `${String(steps).padStart(6, '0')}.safetensors`);
  if (existsSync(last)) return last;
  if (existsSync(checkpoints) && readdirSync(checkpoints).some((file) => file.endsWith('.safetensors')))
    await agenet('train', '--resume', run);
  else {
    // A folder without a checkpoint was left by a run that was killed early.
    rmSync(run, { recursive: true, force: true });
    const storage = { logEvery: 50, sampleEvery: 0, checkpointEvery: 1000, keepLast: 1 };
    writeFileSync(`${run}.json`, JSON.stringify({ ...settings, ...storage, steps, seed }, null, 2));
    await agenet('train', ...imagesFor(split), '--config', `${run}.json`, '--out', run, '--threads', '1');
  }
  return last;
}

async function score(checkpoint) {
  const { metrics, protocol } = await agenet(
    'evaluate',
    checkpoint,
    '--metrics',
    METRICS.join(),
    '--count',
    values.count,
    '--threads',
    '1',
  );
  const { results: probes } = await agenet(
    'probe',
    checkpoint,
    '--labels',
    labels.join(),
    '--methods',
    'codes',
    '--trials',
    '10',
    '--threads',
    '1',
  );
  return {
    metrics: {
      ...metrics,
      ...Object.fromEntries(probes.map(({ labels: count, accuracy }) => [`accuracy_${count}`, accuracy])),
    },
    protocol,
  };
}

/** Adds the result of a training, unless it exists. */
async function addResult({ candidate, ...training }) {
  const { name, settings } = candidate;
  const existing = rows.filter((row) => row.name === name);
  if (existing.some((row) => !isDeepStrictEqual(row.settings, settings)))
    throw new Error(
      `${name}: results exist for other settings under this name; choose a different name for the new settings`,
    );
  if (existing.some((row) => ['steps', 'seed', 'split'].every((key) => row[key] === training[key]))) return;
  const start = Date.now();
  const outcome = await train(candidate, training)
    .then(score)
    .catch((error) => ({ failed: error.message }));
  const minutes = Math.round((Date.now() - start) / 6000) / 10;
  results.add({ name, ...training, settings, minutes, ...outcome });
  console.error(
    `${name}, ${training.steps} iterations, ${training.split}, seed ${training.seed}: ${outcome.failed ?? 'done'} after ${minutes} minutes`,
  );
}

/** Processes a list, `--parallel` items at a time. */
async function forEachInParallel(list, work) {
  const remaining = [...list];
  const worker = async () => {
    for (let item = remaining.shift(); item !== undefined; item = remaining.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, worker));
}

const summaryOf = ({ name }, steps, split) =>
  summarize(
    rows.filter((row) => row.name === name && row.steps === steps && row.split === split),
    bounds,
  );

/** Trains the candidates for the rounds of the search, all of them at first, then the best. */
async function search() {
  if (!existsSync(archive)) await agenet('dataset', data, '--split', 'train', '--out', archive);
  let remaining = candidates;
  for (const { steps, seeds } of rounds) {
    await forEachInParallel(trainingsOf(remaining, steps, seeds, 'validation'), addResult);
    const scored = remaining.map((candidate) => ({
      candidate,
      score: summaryOf(candidate, steps, 'validation').score,
    }));
    const ranked = scored.filter(({ score }) => score < Infinity).sort((a, b) => a.score - b.score);
    remaining = ranked.slice(0, Math.ceil(remaining.length * keep)).map(({ candidate }) => candidate);
  }
}

/** Trains the chosen candidates as long as in the last round, with all training images. */
const report = () =>
  forEachInParallel(trainingsOf(candidates, rounds.at(-1).steps, rounds.at(-1).seeds, 'test'), addResult);

const trainingsOf = (list, steps, seeds, split) =>
  list.flatMap((candidate) => seeds.map((seed) => ({ candidate, steps, seed, split })));

/** One row for each candidate and length, those with the best score first. */
function table() {
  const groups = new Map(rows.map((row) => [`${row.split} ${row.steps} ${row.name}`, row]));
  const summaries = [...groups.values()].map(({ name, steps, split }) => ({
    name,
    steps,
    split,
    ...summaryOf({ name }, steps, split),
  }));
  summaries.sort(
    (a, b) => a.split.localeCompare(b.split) || a.steps - b.steps || (a.score === b.score ? 0 : a.score - b.score),
  );
  const columns = ['images', 'iterations', 'recipe', 'seeds', 'score', ...Object.keys(bounds)];
  const cells = summaries.map(({ split, steps, name, seeds, score, metrics, failed }) => [
    ...[split, steps, name, seeds ?? 0, score.toFixed(2)],
    ...Object.keys(bounds).map((metric) => (failed === undefined ? show(metrics[metric]) : failed)),
  ]);
  return [columns, columns.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

if (!values.table) {
  mkdirSync(values.runs, { recursive: true });
  await (values.report === undefined ? search() : report());
}
console.log(table());
