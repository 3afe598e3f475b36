import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { randomStream } from 'agenet';
import { argMax, cast, equal, input, logSoftmax, meanOf, ModelTraining, mul, reduceSum } from 'agenet/engine';
import { compile, importOnnxFile } from 'agenet/native';
import { openSource } from 'agenet/node';

const BATCH = 32;
const file = fileURLToPath(new URL('smallConvNet.onnx', import.meta.url));
const model = await importOnnxFile(file, { dimensions: { batch: BATCH } });

// Cross-entropy with one-hot labels.
const { logits } = model.outputs;
const labels = input('labels', logits.shape);
const loss = meanOf(mul(reduceSum(mul(labels, logSoftmax(logits, 1)), [1]), -1));
const accuracy = meanOf(cast(equal(argMax(logits, 1), argMax(labels, 1)), 'float32'));

const { train } = await openSource('mnist');
const stream = randomStream(0, 'batches');

/** Pixels from 0 to 1, and one-hot labels. */
function drawBatch() {
  const [bytes, labels] = [new Uint8Array(BATCH * 32 * 32), new Float32Array(BATCH * 10)];
  for (let row = 0; row < BATCH; row++) {
    const index = stream.below(train.count);
    train.copyImage(index, bytes, row * 32 * 32);
    labels[row * 10 + train.labels[index]] = 1;
  }
  return { image: Float32Array.from(bytes, (byte) => byte / 255), labels };
}

async function fineTune(steps, options) {
  const training = await ModelTraining.start(model, { loss, metrics: { accuracy }, compile, ...options });
  let mean = 0;
  for (let step = 1; step <= steps; step++) {
    const report = await training.step(drawBatch());
    if (step > steps - 20) mean += report.accuracy / 20;
  }
  const result = { parameters: await training.readParameters(), bytes: await training.toOnnx() };
  await training.release();
  console.log(`accuracy of the last 20 batches: ${(100 * mean).toFixed(1)}%`);
  return result;
}

// First the head, then all layers with a smaller rate, which decreases to 0.
const head = await fineTune(60, { trainable: ['classifier.*'], learningRate: 0.05 });
const { bytes } = await fineTune(150, {
  initial: head.parameters,
  optimizer: { name: 'adamw', weightDecay: 0.01 },
  learningRate: (step) => 0.0015 * (1 + Math.cos((Math.PI * step) / 150)),
  clipNorm: 1,
});
await writeFile('digits.onnx', bytes);
