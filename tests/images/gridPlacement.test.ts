import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countPlaced, placeOnGrid, placeStretched } from '../../src/images/gridPlacement.js';

describe('placeOnGrid', () => {
  it('gives each point its own cell, and always one to the first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 120 }),
        fc.integer({ min: 1, max: 12 }),
        (list, side) => {
          const points = list.slice(0, 2 * Math.floor(list.length / 2));
          const { columns, rows, cells } = placeOnGrid(points, side);
          expect(Math.max(columns, rows)).toBeLessThanOrEqual(side);
          const given = Array.from(cells).filter((cell) => cell >= 0);
          expect(new Set(given).size).toBe(given.length);
          for (const cell of given) expect(cell).toBeLessThan(columns * rows);
          // All cells are free for the first one.
          expect(cells[0]).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it('keeps the order of points, with x to the right, y up and one scale', () => {
    const { columns, rows, cells } = placeOnGrid([0, 0, 4, 0, 0, 2, 4, 2], 4);
    expect([columns, rows]).toEqual([4, 2]);
    expect(Array.from(cells)).toEqual([4, 7, 0, 3]);
  });

  it('moves a point to the nearest free cell, or gives it none', () => {
    const { cells } = placeOnGrid([0, 0, 9, 0, 0.4, 0, 0.9, 0, 0.1, 0], 9);
    expect(Array.from(cells)).toEqual([0, 8, 1, 2, -1]);
  });

  it('accepts equal points', () => {
    expect(placeOnGrid([1, 1, 1, 1], 3)).toMatchObject({ columns: 1, rows: 1, cells: Int32Array.of(0, -1) });
  });
});

describe('placeStretched', () => {
  it('keeps the axes if there is room', () => {
    const points = [0, 0, 4, 0, 0, 2, 4, 2];
    expect(placeStretched(points, 4)).toEqual({ ...placeOnGrid(points, 4), stretch: 0 });
  });

  it('stretches the axes until enough points have cells, and keeps their order', () => {
    // 63 points in a hundredth of the plane, and one far away.
    const points = Array.from({ length: 64 }, (_, index) => [(index % 8) / 100, Math.floor(index / 8) / 100]).flat();
    points[126] = points[127] = 10;
    const layout = placeStretched(points, 12, 0.9);
    expect(layout.stretch).toBeGreaterThan(0);
    expect(countPlaced(layout)).toBeGreaterThanOrEqual(58);
    expect(layout.cells[63]).toBe(11);
    expect(layout.cells[0]! % layout.columns).toBeLessThan(layout.cells[6]! % layout.columns);
  });

  it('gives one cell to equal points', () => {
    expect(placeStretched([1, 1, 1, 1, 1, 1], 5)).toMatchObject({ stretch: 1, columns: 1, rows: 1 });
  });
});
