import { importOnnx, input, logSoftmax, meanOf, ModelTraining, mul, reduceSum } from 'agenet/engine';
import { compile } from 'agenet/web';

const [BATCH, SIZE] = [32, 32];
const context = new OffscreenCanvas(SIZE, SIZE).getContext('2d', { willReadFrequently: true });

/** Draws a digit at a random place and angle. */
function drawDigit(digit) {
  const random = (range) => range * (Math.random() - 0.5);
  context.reset();
  context.translate(SIZE / 2 + random(6), SIZE / 2 + random(6));
  context.rotate(random(0.6));
  Object.assign(context, { fillStyle: 'white', font: '24px sans-serif', textAlign: 'center', textBaseline: 'middle' });
  context.fillText(digit, 0, 0);
  return context.getImageData(0, 0, SIZE, SIZE).data.filter((_, index) => index % 4 === 3);
}

function drawBatch() {
  const [image, labels] = [new Float32Array(BATCH * SIZE * SIZE), new Float32Array(BATCH * 10)];
  for (let row = 0; row < BATCH; row++) {
    const digit = Math.floor(10 * Math.random());
    image.set(
      Float32Array.from(drawDigit(digit), (byte) => byte / 255),
      row * SIZE * SIZE,
    );
    labels[row * 10 + digit] = 1;
  }
  return { image, labels };
}

const response = await fetch(new URL('./smallConvNet.onnx', import.meta.url));
const model = await importOnnx(new Uint8Array(await response.arrayBuffer()), { dimensions: { batch: BATCH } });
const { logits } = model.outputs;
const labels = input('labels', logits.shape);
const loss = meanOf(mul(reduceSum(mul(labels, logSoftmax(logits, 1)), [1]), -1));

let initial = {};
for (const [trainable, learningRate] of [
  [['classifier.*'], 0.05],
  [['*'], 0.002],
]) {
  const training = await ModelTraining.start(model, { loss, trainable, learningRate, initial, compile });
  for (let step = 1; step <= 40; step++) self.postMessage({ step, ...(await training.step(drawBatch())) });
  initial = await training.readParameters();
  if (trainable[0] === '*') self.postMessage({ file: await training.toOnnx() });
  await training.release();
}
