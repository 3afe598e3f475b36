#!/usr/bin/env node
/**
 * Trains a tiny model, kills the process at random moments and resumes it. Then compares the result with an
 * uninterrupted run: the bytes of the last checkpoint, the names of the checkpoints, and the log except for times and
 * memory. A run that finishes before the next kill is compared as well, and a new one is started. Prints one JSON
 * object and exits with status 1 if anything differs.
 *
 *     node bench/crash-recovery.mjs --kills 30 --seed 1
 *
 * Run `npm run build` first. With `--out`, the run folders are kept there.
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
    data: { type: 'string', default: 'mnist' },
    out: { type: 'string' },
  },
});

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const SETTINGS = [
  ...'--width 4 --latent 8 --batch 16 --checkpoint-every 10 --log-every 1 --ema 0.99 --threads 1'.split(' '),
  // They compile sooner than the defaults, so that more kills come during training.
  ...['--encoder-updates', '1;KL_real:1,match_x:10', '--generator-updates', '1;KL_fake:1,match_z:1000'],
];
const kills = Number(values.kills);
const folder = values.out ?? mkdtempSync(join(tmpdir(), 'agenet-crash-recovery-'));

/** Returns a pseudorandom number in [0, 1), determined by the seed (mulberry32). */
let state = Number(values.seed);
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let bits = Math.imul(state ^ (state >>> 15), 1 | state);
  bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
}

/**
 * Starts or resumes a training run, and kills its process at the given moment.
 * @param moment `milliseconds` after the log has reached `lines` lines; without it the run is left to finish
 * @throws {Error} if training fails by itself
 */
function train(run, moment) {
  const hasStarted = existsSync(join(run, 'config.json'));
  // A folder without a configuration is not a run folder yet.
  if (!hasStarted) rmSync(run, { recursive: true, force: true });
  const args = [
    'train',
    values.data,
    '--out',
    run,
    '--steps',
    values.steps,
    ...(hasStarted ? ['--resume', '--threads', '1'] : SETTINGS),
  ];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
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
      else reject(new Error(`training exited with status ${status}: ${output.slice(-2000)}`));
    });
  });
}

/**
 * One in four kills is at a random time in the life of a process, including its start. The others are within the next
 * 25 iterations.
 */
function randomMoment(run, lifetime) {
  if (random() < 0.25) return { lines: 0, milliseconds: random() * lifetime };
  return { lines: linesOf(run).length + 1 + Math.floor(random() * 25), milliseconds: random() * 30 };
}

const checkpointsOf = (run) => readdirSync(join(run, 'checkpoints')).sort();
const lastCheckpoint = (run) => readFileSync(join(run, 'checkpoints', checkpointsOf(run).at(-1)));
const linesOf = (run) =>
  existsSync(join(run, 'log.jsonl')) ? readFileSync(join(run, 'log.jsonl'), 'utf8').split('\n').slice(0, -1) : [];
const logOf = (run) =>
  linesOf(run).map((line) =>
    JSON.stringify({ ...JSON.parse(line), seconds: 0, iterations_per_second: 0, memory_mb: 0 }),
  );

/** Compares two run folders, and lists temporary files and locks left in the second. */
const compare = (expected, found) => ({
  same_checkpoint: lastCheckpoint(expected).equals(lastCheckpoint(found)),
  same_checkpoints: checkpointsOf(expected).join() === checkpointsOf(found).join(),
  same_log: logOf(expected).join('\n') === logOf(found).join('\n'),
  left_behind: readdirSync(found, { recursive: true }).filter((name) => /\.partial$|\.lock$/.test(name)),
});

const [uninterrupted, killed] = [join(folder, 'uninterrupted'), join(folder, 'killed')];
const start = performance.now();
await train(uninterrupted);
const lifetime = performance.now() - start;

/** The number of logged iterations at each kill. */
const killedAt = [];
const results = [];
while (killedAt.length < kills || results.length === 0 || existsSync(killed)) {
  const moment = killedAt.length < kills ? randomMoment(killed, lifetime) : undefined;
  if ((await train(killed, moment)) === 'killed') {
    killedAt.push(linesOf(killed).length);
    continue;
  }
  results.push(compare(uninterrupted, killed));
  if (values.out === undefined) rmSync(killed, { recursive: true });
  else renameSync(killed, join(folder, `killed-${results.length}`));
}
const isSame = (result) =>
  result.same_checkpoint && result.same_checkpoints && result.same_log && result.left_behind.length === 0;
const different = results.filter((result) => !isSame(result));
const seconds = Math.round((performance.now() - start) / 1000);
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
