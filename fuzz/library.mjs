#!/usr/bin/env node
/**
 * Calls the public functions of `agenet` and `agenet/node` with random arguments, most of them nearly valid. Each call
 * returns, or throws an `InputError` with one printable line, within seconds. Exits with 1 if a call does anything
 * else.
 *
 *     node fuzz/library.mjs --cases 5000 --seed 1
 *     node fuzz/library.mjs --seed 1 --case 123       prints one call and its outcome
 *
 * Run it after `npm run build`. Cases follow from the seed alone. They run in a child process, which is replaced if a
 * call hangs.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { Random } from './random.mjs';

/** Seconds after which a call hangs. */
const PATIENCE = 30;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    folder: { type: 'string' },
    first: { type: 'string', default: '0' },
  },
});
const seed = Number(values.seed);
const last = values.case === undefined ? Number(values.cases) : Number(values.case) + 1;
const first = Number(values.case ?? values.first);

/** Runs all cases in children, and prints what they break. */
async function supervise() {
  const folder = mkdtempSync(join(tmpdir(), 'agenet-fuzz-library-'));
  const counts = {};
  const broken = [];
  let next = first;
  while (next < last) {
    const from = next;
    await new Promise((resolve) => {
      const args = ['--folder', folder, '--first', String(from), '--cases', String(last), '--seed', String(seed)];
      const child = fork(fileURLToPath(import.meta.url), args, { cwd: folder });
      let timer;
      const watch = () => {
        clearTimeout(timer);
        timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE * 1000);
      };
      watch();
      child.on('message', ({ number, kind, text }) => {
        watch();
        next = number + 1;
        counts[kind] = (counts[kind] ?? 0) + 1;
        if (kind === 'broken') broken.push(text);
        if (kind === 'broken' || values.case !== undefined) console.log(text);
      });
      child.on('exit', () => {
        clearTimeout(timer);
        if (next < last) {
          const text = `case ${next}: hung or ended its process: ${inspect(callOf(seed, next), { depth: 4 })}`;
          console.log(text);
          broken.push(text);
          next++;
        }
        resolve();
      });
    });
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(JSON.stringify({ cases: last - first, ...counts, broken: broken.length }));
  process.exitCode = broken.length > 0 ? 1 : 0;
}

/** Runs cases in this process, and sends their outcomes to the parent. */
async function runCases(folder) {
  const api = { ...(await import('../dist/index.js')), ...(await import('../dist/node.js')) };
  const model = await makeModel(api, folder);
  for (let number = first; number < last; number++) {
    const { target, args } = callOf(seed, number);
    const outcome = await outcomeOf(api, () => TARGETS[target].call({ api, model, folder }, args));
    const text = `case ${number}: ${target}(${args.map((each) => inspect(each, { depth: 4 })).join(', ')}): ${outcome.text}`;
    process.send({ number, kind: outcome.kind, text });
  }
  process.exit(0);
}

async function outcomeOf({ InputError }, action) {
  try {
    await action();
    return { kind: 'returned', text: 'returned' };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isOneLine = !/[\p{Cc}\u2028\u2029\u202a-\u202e]/u.test(message) && message !== '';
    if (error instanceof InputError && isOneLine) return { kind: 'rejected', text: message };
    return { kind: 'broken', text: error instanceof Error ? (error.stack ?? message) : message };
  }
}

async function makeModel({ encodeNpz, train, loadModel }, folder) {
  const data = join(folder, 'data.npz');
  const pixels = Uint8Array.from({ length: 12 * 1024 }, (_, index) => (index * 37) % 256);
  const pieces = await encodeNpz({ images: { shape: [12, 32, 32], data: pixels } });
  writeFileSync(data, pieces);
  const run = join(folder, `run-${first}`);
  await train({ data: `npz:${data}`, width: 1, latent: 3, batch: 4, steps: 1 }, { out: run, threads: 1 });
  return loadModel(run, { threads: 1 });
}

const image = (random) => ({
  data: new Uint8Array(32 * 32),
  width: 32,
  height: 32,
  channels: random.pick([1, 1, 3, undefined]),
});

/** Each function with valid arguments. */
const TARGETS = {
  sample: {
    args: (random) => [{ count: random.below(4) + 1, seed: random.below(9) }],
    call: ({ model }, args) => model.sample(...args),
  },
  encode: { args: (random) => [[image(random)]], call: ({ model }, args) => model.encode(...args) },
  decode: { args: () => [Float32Array.of(0, 0.6, 0.8)], call: ({ model }, args) => model.decode(...args) },
  reconstruct: { args: (random) => [[image(random)]], call: ({ model }, args) => model.reconstruct(...args) },
  interpolate: {
    args: (random) => [[], { frames: 3, rows: 1, points: 2, loop: random.chance(0.3), seed: 1 }],
    call: ({ model }, args) => model.interpolate(...args),
  },
  classify: { args: (random) => [[image(random)], {}], call: ({ model }, args) => model.classify(...args) },
  loadModel: {
    args: () => ['run-none', { threads: 1, ema: true }],
    call: async ({ api }, args) => (await api.loadModel(...args)).release(),
  },
  // Without data, nothing is ever trained.
  train: {
    args: (random) => [
      { width: 2, latent: 4, stages: [{ epoch: 1 }], steps: 1, augment: ['color'], seed: random.below(5) },
    ],
    call: ({ api, folder }, [settings, options]) =>
      api.train(
        typeof settings === 'object' && settings !== null ? { ...settings, data: join(folder, 'nothing') } : settings,
        options,
      ),
  },
  checkConfiguration: {
    args: () => [{ data: 'mnist', size: 32, channels: 1, batch: 4, length: { steps: 1 }, stages: [{ epoch: 1 }] }],
    call: ({ api }, args) => api.checkConfiguration(...args),
  },
  openSource: {
    args: () => ['nothing', { size: 32, channels: 1 }, { testFraction: 0.1 }],
    call: ({ api }, args) => api.openSource(...args),
  },
  readImages: {
    args: (random) => [[image(random)], { size: 32, channels: 1 }],
    call: ({ api }, args) => api.readImages(...args),
  },
  exportModel: {
    args: () => ['nothing', 'export', { precision: 'float16', web: false }],
    call: ({ api }, args) => api.exportModel(...args),
  },
  importRun: {
    args: () => ['nothing', 'imported', { data: 'mnist', network: 'dcgan32' }],
    call: ({ api }, args) => api.importRun(...args),
  },
};

/** Values that no argument expects, or at the edge of what it accepts. */
const HOSTILE = [
  () => null,
  () => undefined,
  () => Number.NaN,
  () => Infinity,
  () => -1,
  () => 0,
  () => 1e9,
  () => 0.5,
  () => 2n ** 70n,
  () => '',
  () => 'text\u0000\n\u202e',
  () => 'x'.repeat(100_000),
  () => true,
  () => [],
  () => [[]],
  () => [1, 2],
  () => ({}),
  () => Object.create(null),
  () => new Float32Array(5),
  () => Float32Array.of(Number.NaN, 0, 1),
  () => new Float32Array(2 ** 20),
  () => new Uint8Array(3),
  () => new Map(),
  () => new Date(NaN),
  () => Symbol('s'),
  () => () => 1,
  () => ({ width: 1e9, height: 1e9, channels: 3, data: new Uint8Array(3) }),
  () => {
    const circle = {};
    circle.self = circle;
    return circle;
  },
];

/** Returns the call of a case. */
function callOf(from, number) {
  const random = new Random(from, 'library', number);
  const target = random.pick(Object.keys(TARGETS));
  const args = TARGETS[target].args(random);
  for (let count = random.below(3); count > 0; count--) change(args, random);
  return { target, args };
}

/** Changes one value somewhere in a list of arguments. */
function change(args, random) {
  let holder = args;
  while (random.chance(0.6)) {
    const inner = Object.keys(holder).filter((key) => isPlain(holder[key]));
    if (inner.length === 0) break;
    holder = holder[random.pick(inner)];
  }
  const keys = Object.keys(holder);
  const key =
    keys.length > 0 && random.chance(0.85)
      ? random.pick(keys)
      : random.pick(Array.isArray(holder) ? ['0', '1'] : ['cuont', 'signal', 'constructor']);
  const action = random.below(6);
  if (action === 0) delete holder[key];
  else if (action === 1 && !Array.isArray(holder)) {
    const value = holder[key];
    delete holder[key];
    holder[`${key}s`] = value;
  } else if (action === 2) holder[key] = [holder[key]];
  else holder[key] = random.pick(HOSTILE)();
}

const isPlain = (value) =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && Object.keys(value).length > 0;

if (values.folder === undefined) await supervise();
else await runCases(values.folder);
