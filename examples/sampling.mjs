import { drawSampleCodes, gridOf, imageOf, imagesOf, randomStream, refineImages } from 'agenet';
import { Images, loadModel } from 'agenet/node';

const model = await loadModel('runs/library');
const codes = drawSampleCodes(model.trained, 16, randomStream(7, 'samples'));
const x = await model.trained.generateSamples({ z: codes }); // in [-1, 1], [16, C, H, W]
const values = await refineImages(model.trained, { x });
const images = imagesOf(model.trained, values);
await new Images(images).toFile('by-hand.png');

const firstRow = gridOf(
  [0, 1, 2, 3].map((index) => imageOf(images, index)),
  4,
);
console.log(`${firstRow.width}x${firstRow.height} pixels`);
await model.release();
