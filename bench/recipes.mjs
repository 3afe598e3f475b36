#!/usr/bin/env node
/**
 * Looks for a recipe by successive halving: trains every candidate of a file for the iterations of the first rung, scores it by
 * `evaluate` and `probe`, and takes the best on to the next rung. A row of results goes to a file of JSON lines as soon as it is there; what
 * is there is not done again, so that a search can be killed, begun again and given more candidates. Prints one table.
 *
 *     node bench/recipes.mjs                     # bench/recipes.yaml; goes on where it was
 *     node bench/recipes.mjs --table             # only the table of what is there
 *     node bench/recipes.mjs --names a,b --rungs 9370
 *
 * Run it after `npm run build`. The score is the worst ratio to the goals: reconstruction L1, errors from few labels and FID
 * over what they should be at most, the reference's precision and recall over the candidate's. At 1 or below all goals are met.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { parse } from 'yaml';

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const { values } = parseArgs({
  options: {
    candidates: { type: 'string', default: beside('recipes.yaml') },
    results: { type: 'string', default: beside('recipes-results.jsonl') },
    runs: { type: 'string', default: 'runs/recipes' },
    program: { type: 'string', default: beside('../dist/cli/main.js') },
    names: { type: 'string' },
    rungs: { type: 'string' },
    keep: { type: 'string', default: '0.3' },
    count: { type: 'string', default: '10000' },
    parallel: { type: 'string', default: '1' },
    table: { type: 'boolean', default: false },
  },
});

const search = parse(readFileSync(values.candidates, 'utf8'));
const { data, reference, labels, goals } = search;
const rungs = values.rungs?.split(',').map(Number) ?? search.rungs;
const asked = values.names?.split(',');
const candidates = search.candidates
  .map(({ name, ...settings }) => ({ name, settings: { ...search.base, ...settings } }))
  .filter(({ name }) => asked === undefined || name === reference || asked.includes(name));

const METRICS = ['reconstruction_l1', 'reconstruction_mse', 'fid', 'precision', 'recall', 'latent_cosine'];

// A search that is ended takes its training along, which would hold the run folder.
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill()));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

/** Runs a command of agenet on one thread, with its progress on standard error, and gives the object that it ends standard output with. */
function agenet(...args) {
  const child = spawn(process.execPath, [values.program, ...args, '--threads', '1', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => {
      children.delete(child);
      if (status === 0) resolve(JSON.parse(said.trim().split('\n').at(-1)));
      else reject(new Error(`agenet ${args.join(' ')} ended with status ${status}`));
    });
  });
}

/** The rate of a cosine depends on where it ends, so such a run cannot be made longer: each rung has its own. */
const runOf = ({ name, settings }, steps) => join(values.runs, settings.schedule === 'cosine' ? `${name}-${steps}` : name);
const checkpointOf = (run, steps) => join(run, 'checkpoints', `${String(steps).padStart(6, '0')}.safetensors`);

/** Trains a candidate up to so many iterations, on from its last checkpoint where it has one. */
async function train(candidate, steps) {
  const run = runOf(candidate, steps);
  if (existsSync(checkpointOf(run, steps))) return;
  const begun = existsSync(join(run, 'checkpoints')) && readdirSync(join(run, 'checkpoints')).length > 0;
  // A folder without a checkpoint is of a training that was killed at its beginning.
  if (!begun) rmSync(run, { recursive: true, force: true });
  const config = join(values.runs, `${candidate.name}.json`);
  writeFileSync(config, JSON.stringify(candidate.settings, null, 2));
  const start = begun ? ['--resume'] : ['--config', config, '--log-every', '50', '--sample-every', '0', '--checkpoint-every', '1000', '--keep-last', '1'];
  await agenet('train', data, '--out', run, '--steps', String(steps), ...start);
}

async function judge(candidate, steps) {
  const checkpoint = checkpointOf(runOf(candidate, steps), steps);
  const { metrics, protocol } = await agenet('evaluate', checkpoint, '--metrics', METRICS.join(), '--count', values.count);
  const { results } = await agenet('probe', checkpoint, '--labels', labels.join(), '--methods', 'codes', '--trials', '3');
  return { ...metrics, accuracy: results.map((result) => result.accuracy), protocol };
}

const rows = existsSync(values.results)
  ? readFileSync(values.results, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : [];
const rowOf = (name, steps) => rows.find((row) => row.name === name && row.steps === steps);

async function rowAt(candidate, steps) {
  const { name, settings } = candidate;
  const known = rowOf(name, steps);
  if (known) {
    if (!isDeepStrictEqual(known.settings, settings)) throw new Error(`${name}: was scored with other settings; give the new ones another name`);
    return;
  }
  await train(candidate, steps);
  const row = { name, steps, settings, ...(await judge(candidate, steps)) };
  rows.push(row);
  appendFileSync(values.results, `${JSON.stringify(row)}\n`);
}

/** The worst ratio to the goals; samples are compared with the reference's at the same rung. */
function scoreOf(row) {
  const published = rowOf(reference, row.steps);
  if (published === undefined) return Infinity;
  return Math.max(
    row.reconstruction_l1 / goals.l1,
    ...row.accuracy.map((accuracy, index) => (1 - accuracy) / (1 - goals.accuracy[index])),
    row.fid / (goals.fidShare * published.fid),
    published.precision / row.precision,
    published.recall / row.recall,
  );
}

/** Does all of a list, so many at a time. */
async function inTurn(list, work) {
  const left = [...list];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, worker));
}

function table() {
  const columns = ['iterations', 'recipe', 'score', 'L1', 'MSE', ...labels.map((count) => `${count} labels`), 'FID', 'precision', 'recall', 'cosine'];
  const cells = rows
    .map((row) => ({ row, score: scoreOf(row) }))
    .sort((a, b) => a.row.steps - b.row.steps || a.score - b.score)
    .map(({ row, score }) => {
      const errors = [row.reconstruction_l1, row.reconstruction_mse, ...row.accuracy].map((figure) => figure.toFixed(3));
      const shares = [row.precision, row.recall, row.latent_cosine].map((figure) => figure.toFixed(2));
      return [row.steps, row.name, score.toFixed(2), ...errors, row.fid.toFixed(1), ...shares];
    });
  return [columns, columns.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

if (!values.table) {
  mkdirSync(values.runs, { recursive: true });
  let left = candidates;
  for (const steps of rungs) {
    await inTurn(left, (candidate) => rowAt(candidate, steps));
    const ranked = left.filter(({ name }) => name !== reference).sort((a, b) => scoreOf(rowOf(a.name, steps)) - scoreOf(rowOf(b.name, steps)));
    left = [...left.filter(({ name }) => name === reference), ...ranked.slice(0, Math.ceil(ranked.length * Number(values.keep)))];
  }
}
console.log(table());
