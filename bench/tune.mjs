#!/usr/bin/env node
/**
 * Tunes recipes by successive halving: trains every candidate of a file up to the first rung, scores it with `evaluate` and `probe`, and
 * advances the best to the next rung. Prints a table. Each row of results is appended to a JSONL file as soon as it is complete and is
 * never recomputed, so a search can be killed, resumed and extended with more candidates.
 *
 *     node bench/tune.mjs                        # search over bench/recipes.yaml, or resume it
 *     node bench/tune.mjs --table                # print the table of existing results
 *     node bench/tune.mjs --names a,b --rungs 9370
 *
 * Run `npm run build` first. The score is the worst ratio to the goals: L1 and FID over their limits, few-label error rates over theirs,
 * and the reference's precision and recall over the candidate's. A score of 1 or less meets every goal.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { parse } from 'yaml';
import { ResultRows } from './resultRows.mjs';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const { values } = parseArgs({
  options: {
    candidates: { type: 'string', default: pathOf('recipes.yaml') },
    results: { type: 'string', default: pathOf('recipes-results.jsonl') },
    runs: { type: 'string', default: 'runs/recipes' },
    program: { type: 'string', default: pathOf('../dist/cli/main.js') },
    names: { type: 'string' },
    rungs: { type: 'string' },
    'keep-fraction': { type: 'string', default: '0.3' },
    count: { type: 'string', default: '10000' },
    parallel: { type: 'string', default: '1' },
    table: { type: 'boolean', default: false },
  },
});

const search = parse(readFileSync(values.candidates, 'utf8'));
const { data, reference, labels, goals } = search;
const rungs = values.rungs?.split(',').map(Number) ?? search.rungs;
const selected = values.names?.split(',');
const candidates = search.candidates
  .map(({ name, ...settings }) => ({ name, settings: { ...search.base, ...settings } }))
  .filter(({ name }) => selected === undefined || name === reference || selected.includes(name));

const METRICS = ['reconstruction_l1', 'reconstruction_mse', 'fid', 'precision', 'recall', 'latent_cosine'];

// A training run that outlives the search would keep its run folder locked.
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill()));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

/** Runs an agenet command on one thread, with its progress on standard error, and returns its JSON result. */
function agenet(...args) {
  const child = spawn(process.execPath, [values.program, ...args, '--threads', '1', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => {
      children.delete(child);
      if (status === 0) resolve(JSON.parse(output.trim().split('\n').at(-1)));
      else reject(new Error(`agenet ${args.join(' ')} exited with status ${status}`));
    });
  });
}

/** With a cosine schedule, an extended run differs from one of that length: each rung has a run of its own. */
const runOf = ({ name, settings }, steps) => join(values.runs, settings.schedule === 'cosine' ? `${name}-${steps}` : name);
const checkpointOf = (run, steps) => join(run, 'checkpoints', `${String(steps).padStart(6, '0')}.safetensors`);

/** Trains a candidate up to the given iteration, from its last checkpoint if it has one. */
async function train(candidate, steps) {
  const run = runOf(candidate, steps);
  if (existsSync(checkpointOf(run, steps))) return;
  const hasCheckpoint = existsSync(join(run, 'checkpoints')) && readdirSync(join(run, 'checkpoints')).length > 0;
  // A folder without a checkpoint was left by a run that was killed early.
  if (!hasCheckpoint) rmSync(run, { recursive: true, force: true });
  const config = join(values.runs, `${candidate.name}.json`);
  writeFileSync(config, JSON.stringify(candidate.settings, null, 2));
  const start = hasCheckpoint
    ? ['--resume']
    : ['--config', config, '--log-every', '50', '--sample-every', '0', '--checkpoint-every', '1000', '--keep-last', '1'];
  await agenet('train', data, '--out', run, '--steps', String(steps), ...start);
}

async function evaluate(candidate, steps) {
  const checkpoint = checkpointOf(runOf(candidate, steps), steps);
  const { metrics, protocol } = await agenet('evaluate', checkpoint, '--metrics', METRICS.join(), '--count', values.count);
  const { results } = await agenet('probe', checkpoint, '--labels', labels.join(), '--methods', 'codes', '--trials', '3');
  return { ...metrics, accuracy: results.map((result) => result.accuracy), protocol };
}

const results = new ResultRows(values.results);
const { rows } = results;
const findRow = (name, steps) => rows.find((row) => row.name === name && row.steps === steps);

/** Adds the row of a candidate at a rung, unless it exists. */
async function addRow(candidate, steps) {
  const { name, settings } = candidate;
  const existing = findRow(name, steps);
  if (existing) {
    if (!isDeepStrictEqual(existing.settings, settings))
      throw new Error(`${name}: results exist for other settings under this name; choose a different name for the new settings`);
    return;
  }
  await train(candidate, steps);
  const row = { name, steps, settings, ...(await evaluate(candidate, steps)) };
  results.add(row);
}

/** The worst ratio to the goals; sample metrics are relative to the reference at the same rung. */
function scoreOf(row) {
  const published = findRow(reference, row.steps);
  if (published === undefined) return Infinity;
  return Math.max(
    row.reconstruction_l1 / goals.l1,
    ...row.accuracy.map((accuracy, index) => (1 - accuracy) / (1 - goals.accuracy[index])),
    row.fid / (goals.fidFraction * published.fid),
    published.precision / row.precision,
    published.recall / row.recall,
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

function table() {
  const columns = ['iterations', 'recipe', 'score', 'L1', 'MSE', ...labels.map((count) => `${count} labels`), 'FID', 'precision', 'recall', 'cosine'];
  const cells = rows
    .map((row) => ({ row, score: scoreOf(row) }))
    .sort((a, b) => a.row.steps - b.row.steps || a.score - b.score)
    .map(({ row, score }) => {
      const threeDigits = [row.reconstruction_l1, row.reconstruction_mse, ...row.accuracy].map((value) => value.toFixed(3));
      const twoDigits = [row.precision, row.recall, row.latent_cosine].map((value) => value.toFixed(2));
      return [row.steps, row.name, score.toFixed(2), ...threeDigits, row.fid.toFixed(1), ...twoDigits];
    });
  return [columns, columns.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

if (!values.table) {
  mkdirSync(values.runs, { recursive: true });
  let remaining = candidates;
  for (const steps of rungs) {
    await forEachInParallel(remaining, (candidate) => addRow(candidate, steps));
    const ranked = remaining.filter(({ name }) => name !== reference).sort((a, b) => scoreOf(findRow(a.name, steps)) - scoreOf(findRow(b.name, steps)));
    const best = ranked.slice(0, Math.ceil(ranked.length * Number(values['keep-fraction'])));
    remaining = [...remaining.filter(({ name }) => name === reference), ...best];
  }
}
console.log(table());
