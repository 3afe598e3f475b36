#!/usr/bin/env node
/**
 * Times training steps of `examples/smallConvNet.onnx` (batch 32, Adam) with the engine in WebAssembly and with
 * TensorFlow.js, in turn in one process of one thread. TensorFlow.js is not a dependency:
 *
 *     npm install --prefix /tmp/tfjs @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
 *     npm run build && node bench/tfjs.mjs --packages /tmp/tfjs [--backends wasm,cpu] [--rounds 5] [--steps 20]
 *
 * Its WebAssembly has no gradient of a two-dimensional convolution with respect to the filter, so convolutions are
 * three-dimensional with a depth of 1. The last line is JSON with the median time of a step, ms, and the ratios.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as engine from '../dist/engine/index.js';
import { compile, configureRuntime } from '../dist/engine/runtime/web.js';

const { packages, backends, rounds, steps } = parseArgs({
  options: {
    packages: { type: 'string' },
    backends: { type: 'string', default: 'wasm,cpu' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '20' },
  },
}).values;
if (packages === undefined) {
  console.error('tfjs: name the folder of TensorFlow.js with --packages');
  process.exit(2);
}
const [BATCH, SIZE, CLASSES, RATE] = [32, 32, 10, 0.001];
const image = Float32Array.from({ length: BATCH * SIZE * SIZE }, (_, index) => ((index * 2654435761) >>> 24) / 255);
const labels = Float32Array.from({ length: BATCH * CLASSES }, (_, at) =>
  Number(at % CLASSES === Math.floor(at / CLASSES) % CLASSES),
);

async function startEngine() {
  configureRuntime({ threads: 1 });
  const bytes = readFileSync(new URL('../examples/smallConvNet.onnx', import.meta.url));
  const model = await engine.importOnnx(bytes, { dimensions: { batch: BATCH } });
  const { logits } = model.outputs;
  const rows = engine.mul(engine.input('labels', logits.shape), engine.logSoftmax(logits, 1));
  const loss = engine.meanOf(engine.mul(engine.reduceSum(rows, [1]), -1));
  const training = await engine.ModelTraining.start(model, { loss, compile, learningRate: RATE });
  return async () => (await training.step({ image, labels })).loss;
}

async function startTensorFlow(backend) {
  const load = createRequire(join(packages, 'node_modules/'));
  const tf = load('@tensorflow/tfjs');
  if (backend === 'wasm') {
    const wasm = load('@tensorflow/tfjs-backend-wasm');
    wasm.setThreadsCount(1);
    wasm.setWasmPaths(join(packages, 'node_modules/@tensorflow/tfjs-backend-wasm/dist/'));
  }
  await tf.setBackend(backend);
  /** A convolution and batch normalization with constant statistics, as the file has them. */
  const layer = (inputs, outputs, kernel, stride) => {
    const filter = tf.variable(
      tf.randomNormal([kernel, kernel, inputs, outputs], 0, (kernel * kernel * inputs) ** -0.5),
    );
    const [scale, shift] = [tf.variable(tf.ones([outputs])), tf.variable(tf.zeros([outputs]))];
    return (x) => convolve(x, filter, stride).mul(scale).add(shift);
  };
  const convolve = (x, filter, stride) =>
    backend === 'wasm'
      ? tf.conv3d(x.expandDims(1), filter.expandDims(0), [1, stride, stride], 'same').squeeze([1])
      : x.conv2d(filter, stride, 'same');
  const block = (inputs, outputs, stride) => {
    const [first, second] = [layer(inputs, outputs, 3, stride), layer(outputs, outputs, 3, 1)];
    const skip = stride > 1 || inputs !== outputs ? layer(inputs, outputs, 1, stride) : (x) => x;
    return (x) => second(first(x).relu()).add(skip(x)).relu();
  };
  const layers = [layer(1, 12, 3, 2), (x) => x.relu(), block(12, 12, 1), block(12, 24, 2), (x) => x.mean([1, 2])];
  const [weight, bias] = [tf.variable(tf.randomNormal([24, CLASSES], 0, 0.2)), tf.variable(tf.zeros([CLASSES]))];
  const adam = tf.train.adam(RATE);
  return async () => {
    await tf.setBackend(backend);
    const [x, y] = [tf.tensor4d(image, [BATCH, SIZE, SIZE, 1]), tf.tensor2d(labels, [BATCH, CLASSES])];
    const loss = adam.minimize(() => {
      const logits = layers
        .reduce((value, apply) => apply(value), x)
        .matMul(weight)
        .add(bias);
      return tf.losses.softmaxCrossEntropy(y, logits);
    }, true);
    const [value] = await loss.data();
    tf.dispose([x, y, loss]);
    return value;
  };
}

const contenders = { agenet: await startEngine() };
for (const backend of backends.split(',')) contenders[`tfjs ${backend}`] = await startTensorFlow(backend);
const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round <= Number(rounds); round++)
  for (const [name, step] of Object.entries(contenders)) {
    const start = performance.now();
    let loss;
    for (let count = 0; count < Number(steps); count++) loss = await step();
    const time = (performance.now() - start) / Number(steps);
    // The first round warms up.
    if (round > 0) times[name].push(time);
    console.log(`round ${round}: ${name}: ${time.toFixed(2)} ms, loss ${loss.toFixed(4)}`);
  }
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const ms = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
const ratios = Object.fromEntries(Object.entries(ms).map(([name, value]) => [name, ms.agenet / value]));
console.log(JSON.stringify({ ms, ratios }));
process.exit(0);
