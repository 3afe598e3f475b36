import { describe, expect, it } from 'vitest';
import { type FeatureMaps, featureDistance, imageDistance, parseImageDistance } from '../../src/age/imageDistance.js';
import { constantTensor, conv, tanh, type Value } from '../../src/engine/index.js';
import { expectCloseElements } from '../engine/expectations.js';
import { expectRightGradients } from '../engine/finiteDifferences.js';
import { forward, targets } from '../engine/running.js';
import { at, positionsOf, random, type Tensor } from '../engine/tensors.js';
import { expectInputError } from '../rejection.js';

const shape = [2, 3, 4, 4];
const [a, b] = [random(shape, 1), random(shape, 2)];
const kernels = [random([4, 3, 3, 3], 3), random([5, 4, 2, 2], 4)] as const;

/** Two convolutions, the second with stride 2. */
const features: FeatureMaps = (x) => {
  const first = conv(x, constantTensor(kernels[0]), { pads: [1, 1, 1, 1] });
  return [first, conv(tanh(first), constantTensor(kernels[1]), { strides: [2, 2] })];
};

/** In double precision. */
function mapsOf(x: Tensor): Map<string, number>[] {
  const value = (position: readonly number[]) =>
    position.every((index, axis) => index >= 0 && index < shape[axis]!) ? at(x, ...position) : 0;
  const first = new Map<string, number>();
  for (const [n, c, i, j] of positionsOf([2, 4, 4, 4]) as [number, number, number, number][]) {
    let sum = 0;
    for (const [d, k, l] of positionsOf([3, 3, 3]) as [number, number, number][])
      sum += at(kernels[0], c, d, k, l) * value([n, d, i + k - 1, j + l - 1]);
    first.set([n, c, i, j].join(), sum);
  }
  const second = new Map<string, number>();
  for (const [n, c, i, j] of positionsOf([2, 5, 2, 2]) as [number, number, number, number][]) {
    let sum = 0;
    for (const [d, k, l] of positionsOf([4, 2, 2]) as [number, number, number][])
      sum += at(kernels[1], c, d, k, l) * Math.tanh(first.get([n, d, 2 * i + k, 2 * j + l].join())!);
    second.set([n, c, i, j].join(), sum);
  }
  return [first, second];
}

function expectedDistance(): number {
  const [mapsOfA, mapsOfB] = [mapsOf(a), mapsOf(b)];
  const sizes = [
    [4, 4],
    [5, 2],
  ] as const;
  const distances = sizes.map(([channels, side], index) => {
    const positions = positionsOf([2, side, side]) as [number, number, number][];
    const total = positions.reduce((sum, [n, i, j]) => {
      const unit = (maps: Map<string, number>[]) => {
        const vector = Array.from({ length: channels }, (_, c) => maps[index]!.get([n, c, i, j].join())!);
        const norm = Math.sqrt(vector.reduce((squares, each) => squares + each * each, 1e-6));
        return vector.map((each) => each / norm);
      };
      const other = unit(mapsOfB);
      return sum + unit(mapsOfA).reduce((squares, each, c) => squares + (each - other[c]!) ** 2, 0);
    }, 0);
    return total / positions.length;
  });
  return (distances[0]! + distances[1]!) / 2;
}

describe('the distance of features', () => {
  const build = (x: Value, y: Value) => featureDistance(features, x, y);

  it.each(Object.entries(targets))('matches its formula on the target %s', async (_, target) => {
    expectCloseElements([Number((await forward(build, [a, b], target)).data[0])], [expectedDistance()], 1e-5);
  });

  it('is 0 for equal images', async () => {
    expectCloseElements([Number((await forward(build, [a, a])).data[0])], [0], 1e-6, 1);
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients((x) => build(x, constantTensor(b)), [a], 5e-3);
  });

  it('is finite, as its gradient is, if all features are 0', async () => {
    const black = { ...a, data: new Float32Array(a.data.length) };
    expectCloseElements([Number((await forward(build, [black, black])).data[0])], [0], 1e-6, 1);
    await expectRightGradients((x) => build(x, x), [black]);
  });
});

describe('a distance of images', () => {
  const valueOf = async (text: string) =>
    Number((await forward((x, y) => imageDistance(text, features, x, y), [a, b])).data[0]);

  it('is a weighted sum', async () => {
    const [l1, l2, distance] = [await valueOf('L1'), await valueOf('L2'), await valueOf('features')];
    expectCloseElements([await valueOf('L1, features:0.5')], [l1 + 0.5 * distance], 1e-5);
    expectCloseElements([await valueOf('features:2,L2:3,L1:1')], [2 * distance + 3 * l2 + l1], 1e-5);
  });

  it('needs features if it names them', async () => {
    expect(parseImageDistance('L1:1,features')).toEqual([
      { name: 'L1', weight: 1 },
      { name: 'features', weight: 1 },
    ]);
    const build = (x: Value, y: Value) => imageDistance('features', undefined, x, y);
    await expectInputError(() => forward(build, [a, b]), 'matchX', 'features', 'choose L1');
  });

  it.each([
    ['l1', '"l1", did you mean L1?'],
    ['', 'not ""'],
    ['L1,', 'not ""'],
    ['L1:1:2', 'not "L1:1:2"'],
    ['L1:0', 'the weight of L1 must be a number above 0, not "0"'],
    ['L1:', 'not ""'],
    ['L1:Infinity', 'not "Infinity"'],
    ['L1,L2,L1:2', 'L1 is repeated'],
  ])('rejects "%s"', async (text, problem) => {
    await expectInputError(() => parseImageDistance(text), 'matchX: ', problem);
  });
});
