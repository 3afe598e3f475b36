import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnsOf, fitParts, fitWords, joinParts, progressBar } from '../../src/cli/statusLine.js';

const part = fc.record({ text: fc.string({ minLength: 1, maxLength: 30 }), rank: fc.nat(9) });

describe('a status line', () => {
  it('keeps the parts that fit, in their order, and drops those of the highest rank', () => {
    const parts = [
      { text: 'third', rank: 2 },
      { text: 'first', rank: 0 },
      { text: 'second', rank: 1 },
    ];
    const fitting = (columns: number) => joinParts(fitParts(parts, columns), ({ text }) => text);
    expect([20, 19, 13, 12, 1].map(fitting)).toEqual([
      'third  first  second',
      'first  second',
      'first  second',
      'first',
      'first',
    ]);
  });

  it('is never wider than the terminal, unless its most important part is', () => {
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 100 }),
        (parts, columns) => {
          const fitting = fitParts(parts, columns);
          if (fitting.length > 1)
            expect(columnsOf(joinParts(fitting, ({ text }) => text))).toBeLessThanOrEqual(columns);
          expect(Math.min(...fitting.map(({ rank }) => rank))).toBe(Math.min(...parts.map(({ rank }) => rank)));
        },
      ),
    );
  });

  it('of words ends after a word', () => {
    expect(fitWords('decoding images: 12/100', 16)).toBe('decoding images:');
    expect(fitWords('decoding images: 12/100', 12)).toBe('decoding');
    expect(fitWords('decoding', 3)).toBe('dec');
    expect(fitWords('short', 80)).toBe('short');
  });

  it('counts two columns for East Asian characters', () => {
    expect([columnsOf('photos'), columnsOf('写真'), columnsOf('é')]).toEqual([6, 4, 1]);
  });
});

describe('a progress bar', () => {
  it('fills in proportion', () => {
    expect([0, 0.25, 1, 2].map((fraction) => progressBar(fraction, 10))).toEqual([
      '[        ]',
      '[==      ]',
      '[========]',
      '[========]',
    ]);
  });
});
