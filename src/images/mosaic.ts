import { fillRectangle, filledRaster, pasteTile } from './drawing.js';
import type { GridLayout } from './gridPlacement.js';
import type { Raster } from './raster.js';

/** A color, 0 to 255 each. */
export type Color = readonly [red: number, green: number, blue: number];

/** Gray, which differs from both black and white images. */
const BACKGROUND = 96;
/** Width of a frame: one pixel of a map of thousands of images is invisible on a screen. */
const FRAME = 2;

/**
 * Returns an RGB image of tiles of one size in the cells of a grid, without lines between them.
 * @param frames colors of the frames around the tiles
 */
export function gridMosaic(
  tiles: readonly Raster[],
  { columns, rows, cells }: Omit<GridLayout, 'positions'>,
  frames?: readonly Color[],
): Raster {
  const [first] = tiles;
  if (first === undefined) throw new Error('mosaic: no images');
  const border = frames ? FRAME : 0;
  const [width, height] = [first.width + 2 * border, first.height + 2 * border];
  const mosaic = filledRaster(columns * width, rows * height, 3, BACKGROUND);
  tiles.forEach((tile, index) => {
    const cell = cells[index]!;
    if (cell < 0) return;
    const [left, top] = [(cell % columns) * width, Math.floor(cell / columns) * height];
    const color = frames?.[index];
    if (color) fillRectangle(mosaic, { left, top, width, height }, color);
    pasteTile(mosaic, tile, left + border, top + border);
  });
  return mosaic;
}
