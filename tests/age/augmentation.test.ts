import { describe, expect, it } from 'vitest';
import {
  augment,
  type AugmentationName,
  AUGMENTATIONS,
  drawAugmentations,
  parameterCount,
} from '../../src/age/augmentation.js';
import { constant, slice } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';
import { expectClose, expectSame } from '../engine/expectations.js';
import { expectRightGradients } from '../engine/finiteDifferences.js';
import { forward, targets } from '../engine/running.js';
import { random, tensor } from '../engine/tensors.js';

const SHAPE = [3, 8, 8] as const;
const ALL: readonly AugmentationName[] = ['color', 'translation', 'cutout'];
const draw = (count: number, names = ALL, seed = 1) =>
  drawAugmentations(names, count, SHAPE, randomStream(seed, 'augmentation'));
const parameters = tensor(Array.from(draw(4)), [4, 7]);
const images = random([4, ...SHAPE], 1);

describe('augmentations', () => {
  it('are applied in the order of their names, each with its own parameters', async () => {
    const together = await forward((x, all) => augment(x, ALL, all), [images, parameters]);
    const apart = await forward(
      (x, all) => {
        const colored = augment(x, ['color'], slice(all, 1, 0, 3));
        const moved = augment(colored, ['translation'], slice(all, 1, 3, 5));
        return augment(moved, ['cutout'], slice(all, 1, 5, 7));
      },
      [images, parameters],
    );
    expectSame(together, apart);
    const reversed = await forward(
      (x, all) => augment(x, ['cutout', 'color', 'translation'], all),
      [images, parameters],
    );
    expect(reversed.data).not.toEqual(together.data);
  });

  it('do the same to equal images with equal parameters, whatever else is in the batch', async () => {
    const [whole, single] = [
      await forward((x, all) => augment(x, ALL, all), [images, parameters]),
      await forward((x, all) => augment(slice(x, 0, 2, 3), ALL, slice(all, 0, 2, 3)), [images, parameters]),
    ];
    expectClose(single, tensor(Array.from(whole.data.subarray(2 * 192, 3 * 192), Number), [1, ...SHAPE]), 1e-6);
  });

  it('are the same lowered for every target', async () => {
    const expected = await forward((x, all) => augment(x, ALL, all), [images, parameters], targets.plain);
    for (const target of [targets.cpu, targets.blocked])
      expectClose(await forward((x, all) => augment(x, ALL, all), [images, parameters], target), expected);
  });

  it('together have the gradient of finite differences', async () => {
    await expectRightGradients((x) => augment(x, ALL, constant(draw(2), [2, 7])), [random([2, ...SHAPE], 2)]);
  });

  it.each<readonly [readonly AugmentationName[]]>([[[]], ...AUGMENTATIONS.map((name) => [[name]] as const), [ALL]])(
    '%j draw as many parameters as they take, the same from the same stream',
    (names) => {
      const drawn = draw(5, names);
      expect(drawn).toHaveLength(5 * parameterCount(names));
      expect(draw(5, names)).toEqual(drawn);
      if (names.length > 0) expect(draw(5, names, 2)).not.toEqual(drawn);
    },
  );
});
