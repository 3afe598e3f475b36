#!/usr/bin/env node
/**
 * Times training iterations of agenet and PyTorch alternately, each in a fresh process, and prints the ratio of their
 * times. A ratio below 1 means that agenet is faster.
 *
 *     node bench/compare.mjs --network dcgan64 --width 64 --latent 64 --generator-updates 3 --python python3
 *
 * `--python` is the command of a Python with PyTorch; the path of the script is appended to it. Run `npm run build`
 * first.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const defaults = {
  network: 'dcgan32',
  width: '64',
  latent: '128',
  batch: '64',
  channels: '3',
  'generator-updates': '2',
  threads: '2',
  iterations: '9',
  rounds: '3',
  python: 'python3',
};
const { values } = parseArgs({
  options: Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }]),
  ),
});

/** Runs a command and parses the last line of its output. */
const measure = (command, args) =>
  JSON.parse(
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      .trim()
      .split('\n')
      .at(-1),
  );
const optionsOf = (...names) => names.flatMap((name) => [`--${name}`, values[name]]);
const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const shared = optionsOf('network', 'width', 'latent', 'batch', 'channels', 'threads', 'iterations');
const plan = `${values['generator-updates']};KL_fake:1,match_z:1000`;
const size = values.network === 'dcgan64' ? '64' : '32';
const measureAgenet = () =>
  measure(process.execPath, [
    pathOf('../dist/cli/main.js'),
    'bench',
    '--preset',
    'published',
    '--moment',
    'std',
    '--size',
    size,
    '--generator-updates',
    plan,
    '--json',
    ...shared,
  ]);
const [python, ...pythonArguments] = values.python.split(' ');
const measurePytorch = () =>
  measure(python, [...pythonArguments, pathOf('age_pytorch.py'), ...shared, ...optionsOf('generator-updates')]);

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const rounds = Array.from({ length: Number(values.rounds) }, (_, round) => {
  const [a, b] = [measureAgenet(), measurePytorch()];
  console.error(
    `round ${round + 1}: agenet ${a.seconds_per_iteration.toFixed(3)} s, PyTorch ${b.seconds_per_iteration.toFixed(3)} s`,
  );
  return { a, b, ratio: a.seconds_per_iteration / b.seconds_per_iteration };
});
console.log(
  JSON.stringify({
    network: values.network,
    width: Number(values.width),
    batch: Number(values.batch),
    channels: Number(values.channels),
    threads: Number(values.threads),
    agenet_s: median(rounds.map(({ a }) => a.seconds_per_iteration)),
    pytorch_s: median(rounds.map(({ b }) => b.seconds_per_iteration)),
    ratio: median(rounds.map(({ ratio }) => ratio)),
    agenet_mb: median(rounds.map(({ a }) => a.peak_rss_mb)),
    pytorch_mb: median(rounds.map(({ b }) => b.peak_rss_mb)),
    torch: rounds[0].b.torch,
  }),
);
