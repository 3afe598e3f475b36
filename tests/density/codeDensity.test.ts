import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { drawSampleCodes, summarize, summarySize } from '../../src/density/codeDensity.js';
import { fitDensity } from '../../src/density/fitDensity.js';
import { randomStream } from '../../src/random.js';
import { normOf } from '../age/codes.js';
import { expectWithin } from '../expectWithin.js';
import { groupedCodes, rowsOf, SIZE } from './codes.js';

describe('codes of samples', () => {
  const density = fitDensity({ codes: { data: groupedCodes(500, 3, 0.1), width: SIZE } });
  const source = { density, prior: 'sphere', latentSize: SIZE } as const;

  it('are on the sphere', () => {
    for (const code of rowsOf(drawSampleCodes(source, 20, randomStream(1, 'draws'))))
      expectWithin(normOf([...code]), 1, 1e-6);
  });

  it('are the same in parts', () => {
    const stream = randomStream(1, 'draws');
    const parts = [3, 4].flatMap((count) => [...drawSampleCodes(source, count, stream)]);
    expect(parts).toEqual([...drawSampleCodes(source, 7, randomStream(1, 'draws'))]);
  });

  it('are those of the prior without a density', () => {
    const draws = drawSampleCodes({ prior: 'normal', latentSize: SIZE }, 5, randomStream(2, 'draws'));
    expect(draws).toEqual(drawCodes('normal', 5, SIZE, randomStream(2, 'draws')));
  });
});

describe('the summary of a condition', () => {
  it('has its numbers, and whether there are none', () => {
    const classes = { shape: [3] };
    expect(summarySize(classes)).toBe(4);
    expect([...summarize(classes, Float32Array.of(0, 1, 0, 0, 0, 0))]).toEqual([0, 1, 0, 0, 0, 0, 0, 1]);
    expect(summarySize(undefined)).toBe(0);
  });

  it('of a picture is a thumbnail of each plane', () => {
    const picture = { shape: [2, 8, 8] };
    const halves = Float32Array.from({ length: 128 }, (_, at) => (at < 64 ? (at % 8 < 4 ? 1 : -1) : 0.5));
    const [left, right] = [
      [1, 1, -1, -1],
      [0.5, 0.5, 0.5, 0.5],
    ];
    expect(summarySize(picture)).toBe(32);
    expect([...summarize(picture, halves)]).toEqual([
      ...Array.from({ length: 4 }, () => left).flat(),
      ...Array.from({ length: 4 }, () => right).flat(),
    ]);
  });
});
