import { fileURLToPath } from 'node:url';
import { randomStream } from 'agenet';
import { abs, add, logSoftmax, meanOf, ModelTraining, mul, slice, sub } from 'agenet/engine';
import { compile, importOnnxFile } from 'agenet/native';
import { Images } from 'agenet/node';

const [CLASS, SIZE] = [3, 32];
const stream = randomStream(0, 'noise');
const file = fileURLToPath(new URL('smallConvNet.onnx', import.meta.url));
const { inputs, outputs } = await importOnnxFile(file, { dimensions: { batch: 1 } });
const { image } = inputs;

// The network is constant; the picture is the parameter.
const likelihood = meanOf(slice(logSoftmax(outputs.logits, 1), 1, CLASS, CLASS + 1));
const differences = [2, 3].map((axis) => sub(slice(image, axis, 1, SIZE), slice(image, axis, 0, SIZE - 1)));
const variation = differences.map((each) => meanOf(abs(each))).reduce((a, b) => add(a, b));
const training = await ModelTraining.start(
  { parameters: { image }, outputs },
  {
    loss: sub(mul(variation, 2), likelihood),
    metrics: { likelihood },
    learningRate: 0.02,
    initial: { image: Float32Array.from({ length: SIZE * SIZE }, () => stream.uniform()) },
    compile,
  },
);
for (let step = 1; step <= 100; step++) {
  const report = await training.step({});
  if (step === 1 || step === 100) console.log(`step ${step}: log-likelihood ${report.likelihood.toFixed(3)}`);
}
const { image: pixels } = await training.readParameters();
await training.release();
const data = Uint8Array.from(pixels, (value) => Math.min(Math.max(Math.round(255 * value), 0), 255));
await new Images({ shape: [1, SIZE, SIZE], count: 1, data }).toFile('activation.png', { scale: 8 });
