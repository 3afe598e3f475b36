#!/usr/bin/env node
/**
 * Trains a tiny model, kills the process at random moments and resumes it, and compares what is left in the end with a training that was
 * let be: the last checkpoint's bytes, and the log but for times and memory. A training that ends before it is killed is compared as well
 * and begun anew. Prints a line of JSON; exits with 1 where something differs.
 *
 *     node bench/kills.mjs --kills 30 --seed 1
 *
 * Run it after `npm run build`. With --out the run folders stay there.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { clearTimeout, setTimeout } from 'node:timers';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '120' },
    out: { type: 'string' },
  },
});

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const SETTINGS = '--width 4 --latent 8 --batch 16 --checkpoint-every 10 --log-every 1 --ema 0.99 --threads 1'.split(' ');
const kills = Number(values.kills);
const folder = values.out ?? mkdtempSync(join(tmpdir(), 'agenet-kills-'));

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
let state = Number(values.seed);
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let bits = Math.imul(state ^ (state >>> 15), 1 | state);
  bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
}

/**
 * Begins a training or goes on with it, and kills it at a moment, if one is given. Throws where it fails by itself.
 * @param moment so many milliseconds after the log has so many lines
 */
function train(run, moment) {
  const begun = existsSync(join(run, 'config.json'));
  // What was killed before that is no run folder.
  if (!begun) rmSync(run, { recursive: true, force: true });
  const args = ['train', 'mnist', '--out', run, '--steps', values.steps, ...(begun ? ['--resume', '--threads', '1'] : SETTINGS)];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  let timer;
  const watch = () => {
    if (linesOf(run).length < moment.lines) timer = setTimeout(watch, 2);
    else timer = setTimeout(() => child.kill('SIGKILL'), moment.milliseconds);
  };
  if (moment !== undefined) watch();
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status, signal) => {
      clearTimeout(timer);
      if (status === 0) resolve('finished');
      else if (signal === 'SIGKILL') resolve('killed');
      else reject(new Error(`the training ended with status ${status}: ${said.slice(-2000)}`));
    });
  });
}

/** Every fourth time somewhere in the life of a process, its start included; else among the next iterations after those logged. */
function randomMoment(run, lifetime) {
  if (random() < 0.25) return { lines: 0, milliseconds: random() * lifetime };
  return { lines: linesOf(run).length + 1 + Math.floor(random() * 25), milliseconds: random() * 30 };
}

const checkpointsOf = (run) => readdirSync(join(run, 'checkpoints')).sort();
const lastCheckpoint = (run) => readFileSync(join(run, 'checkpoints', checkpointsOf(run).at(-1)));
const linesOf = (run) => (existsSync(join(run, 'log.jsonl')) ? readFileSync(join(run, 'log.jsonl'), 'utf8').split('\n').slice(0, -1) : []);
const logOf = (run) => linesOf(run).map((line) => JSON.stringify({ ...JSON.parse(line), seconds: 0, iterations_per_second: 0, memory_mb: 0 }));

/** What two run folders have in common, and what is left in the second that should not be. */
const compare = (expected, found) => ({
  same_checkpoint: lastCheckpoint(expected).equals(lastCheckpoint(found)),
  same_checkpoints: checkpointsOf(expected).join() === checkpointsOf(found).join(),
  same_log: logOf(expected).join('\n') === logOf(found).join('\n'),
  left_behind: readdirSync(found, { recursive: true }).filter((name) => /\.partial$|\.lock$/.test(name)),
});

const [whole, broken] = [join(folder, 'whole'), join(folder, 'killed')];
const begin = performance.now();
await train(whole);
const lifetime = performance.now() - begin;

/** Iterations that were logged when a process was killed. */
const killedAt = [];
const results = [];
while (killedAt.length < kills || results.length === 0 || existsSync(broken)) {
  const moment = killedAt.length < kills ? randomMoment(broken, lifetime) : undefined;
  if ((await train(broken, moment)) === 'killed') {
    killedAt.push(linesOf(broken).length);
    continue;
  }
  results.push(compare(whole, broken));
  if (values.out === undefined) rmSync(broken, { recursive: true });
  else renameSync(broken, join(folder, `killed-${results.length}`));
}
const isSame = (result) => result.same_checkpoint && result.same_checkpoints && result.same_log && result.left_behind.length === 0;
const different = results.filter((result) => !isSame(result));
const seconds = Math.round((performance.now() - begin) / 1000);
console.log(
  JSON.stringify({
    kills: killedAt.length,
    killed_at: killedAt,
    steps: Number(values.steps),
    trainings: results.length,
    same: different.length === 0,
    different,
    seconds,
  }),
);
if (values.out === undefined) rmSync(folder, { recursive: true });
if (different.length > 0) process.exitCode = 1;
