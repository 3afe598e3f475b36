/** Reads image files for the encoder, and draws images on canvases. */
import { type Crop, type DecodeOptions, padImage, preprocessingSteps } from '../../src/images/preprocessing.js';

/** As in training. */
const MAX_FILE_BYTES = 128 * 2 ** 20;

/**
 * Decodes an image file on white, and preprocesses it as training does.
 * @returns [C, size, size] in 0..1
 * @throws {Error} if it is too large, or not an image that the browser can decode
 */
export async function readImage(file: Blob, options: DecodeOptions, invert: boolean): Promise<Float32Array> {
  if (file.size > MAX_FILE_BYTES) throw new Error('larger than 128 MiB');
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error('not an image that this browser can decode');
  });
  try {
    const { width, height } = bitmap;
    const { square, crop, padding } = preprocessingSteps(width, height, options);
    const context = new OffscreenCanvas(square, square).getContext('2d')!;
    context.fillStyle = 'white';
    context.fillRect(0, 0, square, square);
    context.imageSmoothingQuality = 'high';
    const { left, top, across, down } = croppedArea(crop, width, height, square);
    context.drawImage(bitmap, left, top, across, down, 0, 0, square, square);
    const planes = planesOf(context.getImageData(0, 0, square, square).data, options.channels, invert);
    const image = padding ? new Uint8Array(options.channels * options.size ** 2) : planes;
    if (padding) padImage(planes, padding, options, image);
    return Float32Array.from(image, (value) => value / 255);
  } finally {
    bitmap.close();
  }
}

/** The part of an image that becomes the square. */
function croppedArea(crop: Crop, width: number, height: number, square: number) {
  const whole = { left: 0, top: 0, across: width, down: height };
  if (crop === 'stretch') return whole;
  if (crop === 'celeba') {
    const resized = Math.round((square * 78) / 64);
    const row = height / resized;
    return { ...whole, top: Math.floor((resized - square) / 2) * row, down: square * row };
  }
  // Training crops at whole pixels of the resized image.
  const scale = square / Math.min(width, height);
  const [columns, rows] = [Math.round(width * scale), Math.round(height * scale)];
  const [column, row] = [width / columns, height / rows];
  return {
    left: Math.ceil((columns - square) / 2) * column,
    top: Math.ceil((rows - square) / 2) * row,
    across: square * column,
    down: square * row,
  };
}

/** Converts pixels RGBA to bytes [C, H, W]. */
function planesOf(pixels: Uint8ClampedArray, channels: number, invert: boolean): Uint8Array {
  const area = pixels.length / 4;
  const planes = new Uint8Array(channels * area);
  for (let pixel = 0; pixel < area; pixel++) {
    const color = pixels.subarray(4 * pixel, 4 * pixel + 3);
    const values = channels === 1 ? [luminance(color)] : color;
    for (let channel = 0; channel < channels; channel++)
      planes[channel * area + pixel] = invert ? 255 - values[channel]! : values[channel]!;
  }
  return planes;
}

/** Weights of red, green and blue in linear light (ITU-R BT.709). */
const WEIGHTS = [0.2126, 0.7152, 0.0722] as const;

/** The luminance of a color in sRGB, encoded in sRGB. Training data becomes grayscale in the same way. */
function luminance([red, green, blue]: Uint8ClampedArray): number {
  if (red === green && green === blue) return red!;
  const linear = [red!, green!, blue!].reduce(
    (sum, value, channel) => sum + WEIGHTS[channel]! * toLinear(value / 255),
    0,
  );
  return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
}

const toLinear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/** The pixels of an image [C, H, W] in 0..1. */
export function pixelsOf(image: Float32Array, [channels, height, width]: readonly [number, number, number]): ImageData {
  const area = height * width;
  const pixels = new ImageData(width, height);
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < 3; channel++)
      pixels.data[4 * pixel + channel] = Math.round(255 * image[(channel % channels) * area + pixel]!);
    pixels.data[4 * pixel + 3] = 255;
  }
  return pixels;
}

/** Draws an image [C, H, W] in 0..1, and gives its size to the canvas. */
export function drawImage(
  canvas: HTMLCanvasElement,
  image: Float32Array,
  shape: readonly [number, number, number],
): void {
  const [, height, width] = shape;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  canvas.getContext('2d')!.putImageData(pixelsOf(image, shape), 0, 0);
}
