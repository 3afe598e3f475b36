import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseOf, reproduction } from '../../fuzz/cases.mjs';

const NUMBERS = Array.from({ length: 2000 }, (_, number) => number);
const CASES = NUMBERS.map((number) => caseOf(11, number));

describe('fuzz cases', () => {
  it('depend only on seed and number, in any order of generation', () => {
    const backwards = [...NUMBERS].reverse().map((number) => caseOf(11, number));
    expect(backwards.reverse()).toEqual(CASES);
    expect(caseOf(12, 3)).not.toEqual(caseOf(11, 3));
    expect(reproduction(CASES[3]!)).toBe('npm run fuzz -- --seed 11 --case 3');
  });

  // The studio ends at a signal only.
  it('cover every command that ends by itself: valid, with one mutation and with several', () => {
    expect(new Set(CASES.map(({ command }) => command)).size).toBe(22);
    expect(new Set(CASES.map(({ changes }) => changes.length))).toEqual(new Set([0, 1, 2]));
    expect(CASES.some(({ separate }) => separate) && CASES.some(({ interrupted }) => interrupted)).toBe(true);
  });

  it('name no file outside the sandbox, and contain no null character', () => {
    for (const argument of CASES.flatMap(({ args }) => args)) {
      expect(argument).not.toContain('\0');
      for (const piece of [
        argument,
        argument.slice(argument.indexOf('=') + 1),
        argument.slice(argument.indexOf(':') + 1),
      ]) {
        if (piece.includes('/')) expect(resolve('/sandbox/work', piece)).toMatch(/^\/sandbox(\/|$)/);
      }
    }
  });
});
