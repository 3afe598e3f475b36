#!/usr/bin/env node
/**
 * Times training steps of small networks with the engine and with PyTorch alternately, each in a fresh process, from the
 * same weights and images. A ratio below 1 means that the engine is faster.
 *
 *     node bench/onnx-training.mjs --model resnet --python python3     # or resnet-wide, vit
 *
 * `--python` is the command of a Python with PyTorch; the path of `onnx_training.py` is appended to it. Run
 * `npm run build` first. The last line is JSON with the median time of a step, the ratio, and the largest difference of
 * the first losses.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as engine from '../dist/engine/index.js';
import { compile } from '../dist/engine/runtime/native.node.js';

const defaults = {
  model: 'resnet',
  batch: '64',
  threads: '2',
  steps: '9',
  warmup: '6',
  rounds: '3',
  python: 'python3',
};
const { values } = parseArgs({
  options: {
    ...Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }])),
    // Internal: times this file in the process.
    file: { type: 'string' },
  },
});
const [batch, threads, steps, warmup, rounds] = ['batch', 'threads', 'steps', 'warmup', 'rounds'].map((name) =>
  Number(values[name]),
);
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Losses that are compared: later ones differ more, because each depends on all before it. */
const COMPARED = 5;
const CLASSES = 10;

async function timeEngine(file) {
  const model = await engine.importOnnx(readFileSync(file));
  const { logits } = model.outputs;
  const likelihoods = engine.mul(engine.input('labels', logits.shape), engine.logSoftmax(logits, 1));
  const loss = engine.mul(engine.meanOf(engine.reduceSum(likelihoods, [1])), -1);
  const training = await engine.ModelTraining.start(model, {
    loss,
    learningRate: 1e-3,
    mode: 'train',
    compile: (graph) => compile(graph, { threads }),
  });
  const x = Float32Array.from({ length: batch * 3 * 32 * 32 }, (_, index) => (index * 0.6180339887498949) % 1);
  const labels = Float32Array.from({ length: batch * CLASSES }, (_, at) =>
    Number(Math.floor(at / CLASSES) % CLASSES === at % CLASSES),
  );
  const [times, losses] = [[], []];
  for (let step = 0; step < warmup + steps; step++) {
    const start = performance.now();
    losses.push((await training.step({ x, labels })).loss);
    times.push((performance.now() - start) / 1000);
  }
  await training.release();
  return { seconds_per_step: median(times.slice(warmup)), losses };
}

function compare() {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-training-'));
  const file = join(folder, 'model.onnx');
  const run = (command, args) =>
    execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 30 });
  const [python, ...pythonArguments] = values.python.split(' ');
  const script = fileURLToPath(new URL('onnx_training.py', import.meta.url));
  const optionsOf = (...names) => names.flatMap((name) => [`--${name}`, values[name]]);
  const runPytorch = (...args) =>
    run(python, [...pythonArguments, script, ...optionsOf('model', 'batch', 'threads', 'steps', 'warmup'), ...args]);
  const parse = (output) => JSON.parse(output.toString().trim().split('\n').at(-1));
  try {
    writeFileSync(file, runPytorch('--export'));
    const results = Array.from({ length: rounds }, (_, round) => {
      const own = [fileURLToPath(import.meta.url), '--file', file, ...optionsOf('batch', 'threads', 'steps', 'warmup')];
      const [a, b] = [parse(run(process.execPath, own)), parse(runPytorch())];
      console.error(
        `round ${round + 1}: agenet ${a.seconds_per_step.toFixed(4)} s, PyTorch ${b.seconds_per_step.toFixed(4)} s`,
      );
      return { a, b, ratio: a.seconds_per_step / b.seconds_per_step };
    });
    const [{ a, b }] = results;
    const differences = a.losses.slice(0, COMPARED).map((loss, step) => Math.abs(loss - b.losses[step]));
    return {
      model: values.model,
      batch,
      threads,
      agenet_s: median(results.map((each) => each.a.seconds_per_step)),
      pytorch_s: median(results.map((each) => each.b.seconds_per_step)),
      ratio: median(results.map((each) => each.ratio)),
      largest_difference_of_losses: Math.max(...differences),
      torch: b.torch,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

console.log(JSON.stringify(values.file ? await timeEngine(values.file) : compare()));
