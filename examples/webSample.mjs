import { drawCodes, randomStream } from 'agenet';
import { InferenceSession, Tensor } from 'onnxruntime-web/wasm';

const COUNT = 16;
const generator = await InferenceSession.create('digits/generator.onnx');
const codes = drawCodes('sphere', COUNT, 64, randomStream(0, 'samples'));
const { images } = await generator.run({ codes: new Tensor('float32', codes, [COUNT, 64]) });

// Values in 0..1, [COUNT, channels, height, width]; gray here.
const [, , height, width] = images.dims;
for (let sample = 0; sample < COUNT; sample++) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const pixels = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const value = 255 * images.data[sample * width * height + pixel];
    pixels.data.set([value, value, value, 255], 4 * pixel);
  }
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  document.body.append(canvas);
}
