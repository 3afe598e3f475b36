/** Two ranks, one after the other: what the first broadcasts is recorded, and the second receives it. */
import { describe, expect, it, vi } from 'vitest';
import { ALONE, type Communicator } from '../../src/engine/runtime/communicator.js';
import type { ImageSource, Split } from '../../src/data/source.js';
import { InputError } from '../../src/errors.js';
import { Ranks } from '../../src/runs/ranks.node.js';
import { MemoryStore } from '../training/memoryStore.js';
import { tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';

const compile = () => Promise.reject(new Error('nothing is compiled'));
const configuration = tinyConfiguration();

/**
 * The first of two ranks, which records its broadcasts, and puts as second's part of a gathering what the first put in
 * the last time.
 */
function firstAndSecond(): { first: Ranks; second: Ranks } {
  const broadcasts: Uint8Array[] = [];
  const gathered: Float32Array[] = [];
  const both = (own: Float32Array, output: Float32Array, others: Float32Array) => {
    output.set(others);
    output.set(own, own.length);
  };
  const first: Communicator = {
    ...ALONE,
    size: 2,
    broadcast: (bytes) => void broadcasts.push(bytes.slice()),
    allGather: (own, output) => (gathered.push(own.slice()), both(own, output, own)),
  };
  const second: Communicator = {
    ...ALONE,
    rank: 1,
    size: 2,
    broadcast: (bytes) => bytes.set(broadcasts.shift()!),
    allGather: (own, output) => both(own, output, gathered.shift()!),
  };
  return { first: new Ranks(first, compile), second: new Ranks(second, compile) };
}

/** A data set of these images of one pixel, decoded on demand if `prepare` is given. */
function sourceOf(
  pixels: readonly number[],
  { prefix = 'image', prepare }: { prefix?: string; prepare?: Split['prepare'] } = {},
): ImageSource {
  const split: Split = {
    count: pixels.length,
    labels: null,
    copyImage: (index, target, offset) => void (target[offset] = pixels[index]!),
    nameOf: (index) => `${prefix}${index}`,
    ...(prepare ? { prepare } : {}),
  };
  return { name: 'photos', size: [1, 1], channels: 1, train: split, test: { ...split, count: 0 }, classes: null };
}

describe('ranks', () => {
  it('share what the first one reads', async () => {
    const { first, second } = firstAndSecond();
    const state = tinyCheckpoint(configuration, 0);
    expect(await first.shareState(() => Promise.resolve(state), configuration)).toMatchObject(state);
    const read = vi.fn();
    expect(await second.shareState(read, configuration)).toMatchObject(state);
    expect(read).not.toHaveBeenCalled();
  });

  it('resume from the checkpoint of the first one, which alone writes', async () => {
    const { first, second } = firstAndSecond();
    const own = new MemoryStore();
    const [store, other] = [first.storeOf(own), second.storeOf(undefined)];
    expect(await store.readLatestCheckpoint()).toBeUndefined();
    expect(await other.readLatestCheckpoint()).toBeUndefined();
    const checkpoint = tinyCheckpoint(configuration, 3);
    const file = await store.writeCheckpoint(checkpoint);
    expect(await other.writeCheckpoint(checkpoint)).toBe('');
    expect(await store.readLatestCheckpoint()).toMatchObject({ file, step: 3 });
    expect(await other.readLatestCheckpoint()).toMatchObject({ file, step: 3, vectors: checkpoint.vectors });
  });

  it('do not save weights that differ', async () => {
    const { first, second } = firstAndSecond();
    const checkpoint = tinyCheckpoint(configuration, 3);
    const own = new MemoryStore();
    await first.storeOf(own).writeCheckpoint(checkpoint);
    const [name, vector] = Object.entries(checkpoint.vectors)[0]!;
    const changed = {
      ...checkpoint,
      vectors: { ...checkpoint.vectors, [name]: vector.map((value, index) => (index === 0 ? value + 1e-6 : value)) },
    };
    await expect(second.storeOf(undefined).writeCheckpoint(changed)).rejects.toThrow(
      new InputError('weights at iteration 3', 'not the same on ranks 0, 1', 'resume from the last checkpoint'),
    );
  });

  it('compare their images before training', async () => {
    const problem = 'images of photos: not the same on ranks 0, 1; copy the data to every host';
    for (const [other, expected] of [
      [sourceOf([1, 2, 3]), undefined],
      [sourceOf([1, 2, 4]), problem],
      [sourceOf([1, 2]), problem],
      [sourceOf([1, 2, 3], { prefix: 'other' }), problem],
    ] as const) {
      const { first, second } = firstAndSecond();
      await first.requireSameImages(sourceOf([1, 2, 3]));
      const compared = second.requireSameImages(other);
      if (expected === undefined) await expect(compared).resolves.toBeUndefined();
      else await expect(compared).rejects.toThrow(expected);
    }
  });

  it('compare a sample of images that are still to be decoded', async () => {
    const prepare = vi.fn(() => Promise.resolve());
    const pixels = Array.from({ length: 1000 }, (_, index) => index % 256);
    const { first, second } = firstAndSecond();
    await first.requireSameImages(sourceOf(pixels, { prepare }));
    expect(prepare.mock.calls[0]).toEqual([expect.objectContaining({ length: 64 })]);
    await expect(
      second.requireSameImages(
        sourceOf(
          pixels.map((pixel) => 255 - pixel),
          { prepare },
        ),
      ),
    ).rejects.toThrow('not the same on ranks 0, 1');
  });
});
