import { describe, expect, it } from 'vitest';
import { DecodingQueue } from '../../../src/data/decoding/decodingQueue.js';

const all = (queue: DecodingQueue): number[] => {
  const taken: number[] = [];
  for (let index = queue.take(); index !== undefined; index = queue.take()) taken.push(index);
  return taken;
};

describe('a queue of images', () => {
  it('gives each once, in order', () => {
    expect(all(new DecodingQueue(4))).toEqual([0, 1, 2, 3]);
    expect(all(new DecodingQueue(0))).toEqual([]);
  });

  it('gives those first that somebody waits for, in the order of asking, however often that was', () => {
    const queue = new DecodingQueue(6);
    expect(queue.take()).toBe(0);
    for (const index of [4, 0, 2, 4]) queue.prioritize(index);
    expect(all(queue)).toEqual([4, 2, 1, 3, 5]);
  });
});
