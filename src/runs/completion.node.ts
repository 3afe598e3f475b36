/** Completes photos of any size with a model that is conditioned on pictures. */
import { shownOutside } from '../conditions/observations.js';
import { pictureOf } from '../conditions/pictures.js';
import { InputError, setting, text } from '../errors.js';
import { type Photo, resizePixels, sharpOf } from '../images/decode.node.js';
import { type ImageInput, readPhoto } from '../images/imageInput.node.js';
import { paddedSize, type Padding } from '../images/preprocessing.js';
import { channelsFirst, imageOf, type ImageBatch, type Raster, toBytes } from '../images/raster.js';
import { sampleImages } from '../model/sampling.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { Configuration } from '../training/configuration.js';
import { type CompleteOptions, requireInMemory } from './modelOptions.node.js';

const DEFAULT_COUNT = 6;

/**
 * Returns the photo as the model sees it, and its completions, of the photo's size. Photos are stretched to the size of
 * the networks. The part that they show stays as it is.
 * @throws {InputError} if the model does not complete pictures, the photo cannot be read, or nothing of it is hidden
 */
export async function completions(
  model: TrainedModel,
  configuration: Configuration,
  image: ImageInput,
  { count = DEFAULT_COUNT, seed = 0, mask, ...refinement }: CompleteOptions,
): Promise<ImageBatch> {
  const picture = pictureOf(configuration);
  const { condition } = model;
  const { channels, size } = configuration;
  if (picture === undefined || condition === undefined)
    throw new InputError(
      'the model',
      'does not complete pictures',
      text`train one with ${setting('condition')} gray, mask or small:SIDE`,
    );
  const photo = await readPhoto(image, channels);
  requireInMemory('count', count + 1, photo.data.length, 'choose fewer completions, or a smaller photo');
  const isHidden = await hiddenPixels(photo, mask, configuration);
  const framing = { size, channels, crop: 'stretch' as const, padding: configuration.padding };
  const shown = isHidden ? { ...photo, data: withoutHidden(photo, isHidden) } : photo;
  const resized = await resizePixels(channelsFirst(shown), [channels, photo.height, photo.width], framing);
  if ('failure' in resized) throw new InputError('image', resized.failure);
  const { pixels: x } = resized;
  const y = isHidden
    ? shownOutside(x, configuration, [reducedHole(isHidden, photo, configuration)])
    : condition.of({ x, labels: null });
  const parts: Raster[] = [await enlarged(seenBytes(y, configuration), photo, configuration)];
  const { refine = picture.passes } = refinement;
  for await (const batch of sampleImages(model, { ...refinement, refine, count, seed, condition: y }))
    for (let index = 0; index < batch.count; index++) {
      const completed = await enlarged(imageOf(batch, index), photo, configuration);
      const isSmaller = completed.data.length !== photo.data.length;
      const data = isSmaller ? completed.data : picture.merge(photo.data, completed.data, isHidden ?? NOTHING);
      parts.push({ ...completed, data });
    }
  const { width, height } = parts[0]!;
  const data = Uint8Array.from(Buffer.concat(parts.map((part) => channelsFirst(part))));
  return { shape: [channels, height, width], count: parts.length, data };
}

const NOTHING = new Uint8Array(0);

/** Returns 1 at hidden pixels, of models that fill holes. */
async function hiddenPixels(photo: Photo, mask: ImageInput | undefined, { condition }: Configuration) {
  const fills = condition === 'mask';
  if (!fills && mask !== undefined)
    throw new InputError(setting('mask'), `has no effect with the condition ${condition}`, 'remove it');
  if (!fills) return undefined;
  const isHidden = mask === undefined ? photo.alpha.map((alpha) => (alpha < 128 ? 1 : 0)) : await whiteIn(mask, photo);
  if (!isHidden.includes(1))
    throw new InputError(
      mask === undefined ? 'the photo' : setting('mask'),
      mask === undefined ? 'has no transparent pixels to fill' : 'has no white pixels',
      mask === undefined ? text`name an image with a white hole as ${setting('mask')}` : 'paint the hole white',
    );
  return isHidden;
}

async function whiteIn(mask: ImageInput, { width, height }: Raster) {
  const read = await readPhoto(mask, 1);
  const picture = sharpOf({ ...read, channels: 1 }).resize(width, height, { fit: 'fill', kernel: 'nearest' });
  return Uint8Array.from(await picture.extractChannel(0).raw().toBuffer(), (value) => (value >= 128 ? 1 : 0));
}

/** Gives hidden pixels the mean color of the others, because resizing mixes neighbors. */
function withoutHidden({ data, channels }: Raster, isHidden: Uint8Array) {
  const sums = new Array<number>(channels).fill(0);
  for (const [at, value] of data.entries())
    sums[at % channels]! += isHidden[Math.floor(at / channels)] === 1 ? 0 : value;
  const shown = isHidden.reduce((count, hidden) => count + 1 - hidden, 0);
  return data.map((value, at) =>
    isHidden[Math.floor(at / channels)] === 1 ? Math.round(sums[at % channels]! / Math.max(1, shown)) : value,
  );
}

/** The part of networks' images, without their border, that shows a photo. */
function frameOf({ size, padding }: Pick<Configuration, 'size' | 'padding'>) {
  if (padding === null) return { start: 0, side: size };
  const factor = size / paddedSize(padding satisfies Padding);
  return { start: padding.border * factor, side: padding.inner * factor };
}

/** Hides each pixel of networks' images that shares a part with a hidden pixel of the photo, so that nothing leaks. */
function reducedHole(isHidden: Uint8Array, { width, height }: Raster, configuration: Configuration) {
  const { size } = configuration;
  const { start, side } = frameOf(configuration);
  const hole = new Uint8Array(size * size);
  for (const [at, hidden] of isHidden.entries()) {
    if (hidden === 0) continue;
    const [row, column] = [Math.floor(at / width), at % width];
    const [top, bottom] = [Math.floor((row * side) / height), Math.ceil(((row + 1) * side) / height)];
    const [left, right] = [Math.floor((column * side) / width), Math.ceil(((column + 1) * side) / width)];
    for (let y = top; y < bottom; y++)
      hole.fill(1, (start + y) * size + start + left, (start + y) * size + start + right);
  }
  return hole;
}

/** The planes of a condition that can be shown: gray, or the channels of the image. */
function seenBytes(condition: Float32Array, { channels, size }: Configuration): Raster {
  const area = size * size;
  const planes = condition.length / area < channels ? 1 : channels;
  const data = toBytes(condition.subarray(0, planes * area));
  return imageOf({ shape: [planes, size, size], count: 1, data }, 0);
}

/** Resizes an image of the networks to the photo's size, or to the networks' if the photo is smaller. */
async function enlarged(image: Raster, photo: Raster, configuration: Configuration): Promise<Raster> {
  const { channels } = configuration;
  const { start, side } = frameOf(configuration);
  const growth = configuration.condition.startsWith('small')
    ? Math.max(1, side / Math.max(photo.width, photo.height))
    : 1;
  const [width, height] = [photo.width, photo.height].map((length) => Math.max(1, Math.round(length * growth))) as [
    number,
    number,
  ];
  const shown = sharpOf(image).extract({ left: start, top: start, width: side, height: side });
  const picture = shown.resize(width, height, { fit: 'fill', kernel: 'cubic' });
  const data = await picture
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer();
  return { width, height, channels, data };
}
