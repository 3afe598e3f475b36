import { checkConfiguration, DEFAULTS, drawCodes, randomStream } from 'agenet';
import { PageTraining, storeCheckpoint, WorkerModel } from 'agenet/web';

// 2,000 images of disks, as bytes [N, channels, height, width].
const [COUNT, SIZE] = [2000, 32];
const stream = randomStream(1, 'disks');
const images = new Uint8Array(COUNT * SIZE * SIZE);
for (let image = 0; image < COUNT; image++) {
  const [x, y, radius] = [10 + stream.below(12), 10 + stream.below(12), 3 + stream.below(6)];
  for (let pixel = 0; pixel < SIZE * SIZE; pixel++) {
    const isInside = Math.hypot((pixel % SIZE) - x, Math.floor(pixel / SIZE) - y) < radius;
    images[image * SIZE * SIZE + pixel] = isInside ? 255 : 0;
  }
}

const configuration = await checkConfiguration({
  ...DEFAULTS,
  data: 'disks',
  size: SIZE,
  channels: 1,
  width: 4,
  latent: 8,
  batch: 32,
  length: { steps: 100 },
});
const openWorker = (name) => new Worker(new URL('./webWorker.mjs', import.meta.url), { type: 'module', name });
const training = await PageTraining.start(openWorker('training'), { configuration, images });
const model = await WorkerModel.load(openWorker('model'), { configuration, weights: await training.readWeights() });
const codes = drawCodes(configuration.prior, 1, configuration.latent, randomStream(0, 'samples'));
const canvas = Object.assign(document.createElement('canvas'), { width: SIZE, height: SIZE });
const output = document.createElement('output');
document.body.append(canvas, output);

training.onReport = async ({ step, scalars }) => {
  output.value = `iteration ${step}: match_x ${scalars['encoder.match_x'].toFixed(3)}`;
  await model.replaceWeights(await training.readWeights());
  // Values in -1..1.
  const values = await model.generate({ z: codes });
  const pixels = new ImageData(SIZE, SIZE);
  values.forEach((value, pixel) =>
    pixels.data.set([127.5 * (value + 1), 127.5 * (value + 1), 127.5 * (value + 1), 255], 4 * pixel),
  );
  canvas.getContext('2d').putImageData(pixels, 0, 0);
};
await training.run(10);
await storeCheckpoint('disks', await training.exportCheckpoint());
output.value = `done after ${training.progress.step} iterations`;
