#!/usr/bin/env node
/**
 * Times training iterations of agenet and PyTorch alternately, each in a fresh process, and prints the ratio of their
 * times. A ratio below 1 means that agenet is faster. First it compares the gradients of the PyTorch program with
 * golden files, with which agenet is tested as well.
 *
 *     node bench/compare.mjs --recipe default --width 16 --python python3
 *     node bench/compare.mjs --recipe published --network dcgan64 --width 64 --latent 64 --python python3
 *
 * `--python` is the command of a Python with PyTorch; the path of the script is appended to it. Run `npm run build`
 * first.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Options of `agenet bench`. That of three updates is published for 64 pixels. */
const RECIPES = {
  default: () => [],
  published: (size) => [
    ...['--preset', 'published', '--moment', 'std'],
    ...['--generator-updates', `${size === '32' ? 2 : 3};KL_fake:1,match_z:1000`],
  ],
};
const GOLDEN = ['dcgan32-uniform', 'dcgan32-margin', 'dcgan32-displaced', 'dcgan64-rgb', 'resnet32-rgb'];
const MAX_ERROR = 1e-4;

const defaults = {
  recipe: 'default',
  network: 'dcgan32',
  width: '64',
  latent: '128',
  batch: '64',
  channels: '3',
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
const recipe = RECIPES[values.recipe];
if (recipe === undefined) throw new Error(`--recipe: choose ${Object.keys(RECIPES).join(' or ')}`);

/** Runs a command and parses the last line of its output. */
const measure = (command, args, input) =>
  JSON.parse(
    execFileSync(command, args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'inherit'] })
      .trim()
      .split('\n')
      .at(-1),
  );
const optionsOf = (...names) => names.flatMap((name) => [`--${name}`, values[name]]);
const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const size = /\d+$/u.exec(values.network)[0];
const networks = ['--size', size, ...optionsOf('network', 'width', 'latent', 'batch', 'channels')];
const timing = optionsOf('threads', 'iterations');
const measureAgenet = () =>
  measure(process.execPath, [
    ...[pathOf('../dist/cli/main.js'), 'bench', '--json'],
    ...[...recipe(size), ...networks, ...timing],
  ]);
const [python, ...pythonArguments] = values.python.split(' ');
const runPytorch = (args, input) => measure(python, [...pythonArguments, pathOf('age_pytorch.py'), ...args], input);

const { largest_error: error } = runPytorch(
  ['--check'],
  Buffer.concat(GOLDEN.map((name) => readFileSync(pathOf(`../tests/golden/${name}.safetensors`)))),
);
if (!(error < MAX_ERROR)) throw new Error(`gradients of the PyTorch program differ from golden files by ${error}`);
console.error(`gradients of the PyTorch program are within ${error.toExponential(1)} of golden files`);

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const rounds = Array.from({ length: Number(values.rounds) }, (_, round) => {
  const a = measureAgenet();
  const b = runPytorch(['--configuration', JSON.stringify(a.configuration), ...timing]);
  console.error(
    `round ${round + 1}: agenet ${a.seconds_per_iteration.toFixed(3)} s, PyTorch ${b.seconds_per_iteration.toFixed(3)} s`,
  );
  return { a, b, ratio: a.seconds_per_iteration / b.seconds_per_iteration };
});
console.log(
  JSON.stringify({
    recipe: values.recipe,
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
