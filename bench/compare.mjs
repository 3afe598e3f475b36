#!/usr/bin/env node
/**
 * Times training iterations of this project and of PyTorch in turn, each in fresh processes, and prints their ratio: below 1 is faster.
 *
 *     node bench/compare.mjs --network dcgan64 --width 64 --latent 64 --generator-updates 3 --python python3
 *
 * `--python` is the command that runs a Python with PyTorch; the path of the script is put behind it. Run it after `npm run build`.
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
const { values } = parseArgs({ options: Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }])) });

const lastLine = (command, args) =>
  JSON.parse(
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
      .trim()
      .split('\n')
      .at(-1),
  );
const given = (...names) => names.flatMap((name) => [`--${name}`, values[name]]);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const shared = given('network', 'width', 'latent', 'batch', 'channels', 'threads', 'iterations');
const plan = `${values['generator-updates']};KL_fake:1,match_z:1000`;
const size = values.network === 'dcgan64' ? '64' : '32';
const ours = () => lastLine(process.execPath, [path('../dist/cli/main.js'), 'bench', '--size', size, '--generator-updates', plan, '--json', ...shared]);
const [python, ...pythonArguments] = values.python.split(' ');
const theirs = () => lastLine(python, [...pythonArguments, path('age_pytorch.py'), ...shared, ...given('generator-updates')]);

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const rounds = Array.from({ length: Number(values.rounds) }, (_, number) => {
  const [a, b] = [ours(), theirs()];
  console.error(`round ${number + 1}: agenet ${a.seconds_per_iteration.toFixed(3)} s, PyTorch ${b.seconds_per_iteration.toFixed(3)} s`);
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
