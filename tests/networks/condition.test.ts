import { describe, expect, it } from 'vitest';
import { ARCHITECTURE_NAMES, ARCHITECTURES } from '../../src/networks/architecture.js';
import {
  addNumbers,
  addPicture,
  conditionChannels,
  conditionPlane,
  picturePlanes,
} from '../../src/networks/condition.js';
import { classCondition } from '../../src/conditions/classes.js';
import { conditionOf } from '../../src/conditions/condition.js';
import { expectCloseElements } from '../engine/expectations.js';
import { random, tensor } from '../engine/tensors.js';
import { evaluated, expectConsistentLayer } from './runLayer.js';

describe('conditional layers', () => {
  const condition = tensor([0, 1, 0, 0, 0.5, 2], [2, 3]);

  it('conditionChannels appends the condition to codes', async () => {
    const codes = random([2, 2, 1, 1], 1);
    const { shape, data } = await evaluated(conditionChannels(3), codes, {}, condition);
    expect(shape).toEqual([2, 5, 1, 1]);
    const [first, second] = [codes.data.slice(0, 2), codes.data.slice(2)].map((part) => Array.from(part));
    expectCloseElements(Array.from(data, Number), [...first!, 0, 1, 0, ...second!, 0, 0.5, 2]);
    await expectConsistentLayer(conditionChannels(3), codes, condition);
  });

  it('conditionPlane appends the picture that the condition selects, or a mixture', async () => {
    const [images, weight] = [random([2, 1, 2, 2], 1), random([3, 2, 2], 2)];
    const { shape, data } = await evaluated(conditionPlane(3, 2), images, { weight }, condition);
    expect(shape).toEqual([2, 2, 2, 2]);
    const pictures = [0, 1, 2].map((index) => Array.from(weight.data.slice(4 * index, 4 * index + 4)));
    const mixture = pictures[1]!.map((value, pixel) => 0.5 * value + 2 * pictures[2]![pixel]!);
    const [first, second] = [images.data.slice(0, 4), images.data.slice(4)].map((part) => Array.from(part));
    expectCloseElements(Array.from(data, Number), [...first!, ...pictures[1]!, ...second!, ...mixture]);
    await expectConsistentLayer(conditionPlane(3, 2), images, condition);
    expect(conditionPlane(3, 2).flops([1, 2, 2])).toBe(2 * 3 * 4);
  });

  it('addNumbers shifts each channel by its weights of the condition', async () => {
    const [features, weight] = [random([2, 2, 1, 2], 1), random([3, 2], 2)];
    const { data } = await evaluated(addNumbers(3, 2), features, { weight }, condition);
    const shiftOf = (image: number, channel: number) =>
      image === 0 ? weight.data[2 + channel]! : 0.5 * weight.data[2 + channel]! + 2 * weight.data[4 + channel]!;
    const expected = Array.from(
      features.data,
      (value, at) => value + shiftOf(Math.floor(at / 4), Math.floor(at / 2) % 2),
    );
    expectCloseElements(Array.from(data, Number), expected);
    await expectConsistentLayer(addNumbers(3, 2), features, condition);
  });

  const pictures = random([2, 2, 4, 4], 3);

  it('picturePlanes appends the picture to the image', async () => {
    const images = random([2, 1, 4, 4], 1);
    const { shape, data } = await evaluated(picturePlanes(2), images, {}, pictures);
    expect(shape).toEqual([2, 3, 4, 4]);
    expectCloseElements(Array.from(data.slice(16, 48), Number), Array.from(pictures.data.slice(0, 32)));
    await expectConsistentLayer(picturePlanes(2), images, pictures);
  });

  it('addPicture adds what two convolutions make of the means of its blocks', async () => {
    const layer = addPicture([2, 4, 4], 3, 2);
    await expectConsistentLayer(layer, random([2, 3, 2, 2], 1), pictures);
    const features = tensor(new Array<number>(24).fill(0), [2, 3, 2, 2]);
    const zero = (shape: number[]) => tensor(new Array<number>(shape.reduce((a, b) => a * b)).fill(0), shape);
    const passes = {
      'conv1.weight': zero([2, 2, 3, 3]),
      'conv1.bias': tensor([9, 0], [2]),
      'conv2.weight': zero([3, 2, 3, 3]),
    };
    // Only the central taps: the first plane, shifted above 0, becomes the third channel.
    passes['conv1.weight'].data[4] = 1;
    passes['conv2.weight'].data[2 * 18 + 4] = 1;
    const { data } = await evaluated(layer, features, passes, pictures);
    const meanOf = (image: number, row: number, column: number) =>
      [0, 1, 4, 5].reduce((sum, at) => sum + pictures.data[image * 32 + row * 8 + column * 2 + at]! / 4, 9);
    const expected = [0, 1].flatMap((image) => [
      ...new Array<number>(8).fill(0),
      ...[0, 1].flatMap((row) => [0, 1].map((column) => meanOf(image, row, column))),
    ]);
    expectCloseElements(Array.from(data, Number), expected);
  });

  it('are not called without a condition', async () => {
    for (const layer of [conditionChannels(3), conditionPlane(3, 1), picturePlanes(1)])
      await expect(evaluated(layer, random([1, 2, 1, 1], 1), { weight: random([3, 1, 1], 2) })).rejects.toThrow(
        'without a condition',
      );
  });
});

describe('conditional networks', () => {
  const options = { channels: 3, latentSize: 6, width: 4 };

  it.each(ARCHITECTURE_NAMES)('of %s take the condition beside codes and images of the same shape', (name) => {
    const plain = ARCHITECTURES[name].build(options);
    const pair = ARCHITECTURES[name].build({ ...options, condition: classCondition(5) });
    for (const network of ['encoder', 'generator'] as const) {
      expect(pair[network].inputShape).toEqual(plain[network].inputShape);
      expect(pair[network].outputShape).toEqual(plain[network].outputShape);
      expect([plain[network].condition, pair[network].condition?.shape]).toEqual([undefined, [5]]);
    }
    const first = name.startsWith('resnet') ? 'stem' : 'conv1';
    const inputsOf = (network: 'encoder' | 'generator', axis: 0 | 1) =>
      [plain, pair].map((each) => each[network].parameters.entries.get(`${network}.${first}.weight`)!.shape[axis]);
    expect(inputsOf('encoder', 1)).toEqual([3, 4]);
    expect(inputsOf('generator', 0)).toEqual([6, 11]);
  });

  it.each(ARCHITECTURE_NAMES)('of %s take a picture beside images, and at every smaller size of features', (name) => {
    const size = ARCHITECTURES[name].imageSize;
    const condition = conditionOf({ condition: 'gray', classes: [], attributes: [], channels: 3, size })!;
    const { encoder, generator } = ARCHITECTURES[name].build({ ...options, condition });
    expect([encoder.outputShape, generator.outputShape]).toEqual([
      [6, 1, 1],
      [3, size, size],
    ]);
    const sizes = Object.keys(generator.layers).filter((layer) => layer.endsWith('_condition'));
    // 4, 8, ..., up to half of the size.
    expect(sizes).toHaveLength(Math.log2(size) - 2);
  });
});
