import { enlarge, filledRaster, fittingScale, pasteTile, requireScale } from './drawing.js';
import { type ImageBatch, imageOf, type Raster } from './raster.js';
import { drawText, LINE_HEIGHT, shortenText } from './text.js';

/** Pixels between images, and around all, before enlargement. */
export const GAP = 2;
export const BACKGROUND = 96;
const INK = 255;
/** Height of an image per pixel of its font: about 12 characters fit. */
const PIXELS_PER_TEXT_SCALE = 64;

/** How an image grid is drawn. */
export interface GridStyle {
  /** Enlargement of each pixel; `fit` is the largest up to 4 at which the grid fits 1024x1024 pixels (default: 1). */
  scale?: number | 'fit' | undefined;
  /** Lines of text below each image. Longer lines lose their middle. */
  captions?: readonly (readonly string[])[] | undefined;
}

/** Returns a grid with thin lines between images. */
export const imageGrid = (batch: ImageBatch, columns: number, style: GridStyle = {}): Raster =>
  gridOf(imagesIn(batch), columns, style);

export const imagesIn = (batch: ImageBatch) => Array.from({ length: batch.count }, (_, index) => imageOf(batch, index));

/** Returns the columns of a grid that is about square: full rows if it is then at most twice as wide as high. */
export function squareColumns(count: number): number {
  const least = Math.ceil(Math.sqrt(count));
  for (let columns = least; columns ** 2 <= 2 * count; columns++) if (count % columns === 0) return columns;
  return least;
}

/**
 * Returns a grid of originals, each with its reconstruction to its right.
 * @param style captions are those of pairs
 */
export function pairGrid(
  originals: ImageBatch,
  reconstructions: ImageBatch,
  pairsPerRow: number,
  style: GridStyle = {},
): Raster {
  const right = imagesIn(reconstructions);
  const pairs = imagesIn(originals).map((left, index) => {
    const pair = filledRaster(2 * left.width + GAP, left.height, left.channels, BACKGROUND);
    pasteTile(pair, left, 0, 0);
    pasteTile(pair, right[index]!, left.width + GAP, 0);
    return pair;
  });
  return gridOf(pairs, Math.min(pairsPerRow, originals.count), style);
}

/**
 * Returns a grid of images of one size.
 * @throws {InputError} if it would be too large
 */
export function gridOf(
  tiles: readonly Raster[],
  columns: number,
  { scale: asked = 1, captions }: GridStyle = {},
): Raster {
  const [first] = tiles;
  if (first === undefined) throw new Error('image grid: no images');
  const { channels } = first;
  const rows = Math.ceil(tiles.length / columns);
  const size = { width: columns * (first.width + GAP) + GAP, height: rows * (first.height + GAP) + GAP, channels };
  const scale = asked === 'fit' ? fittingScale(size) : asked;
  requireScale(size, scale);
  const [width, height, gap] = [first.width * scale, first.height * scale, GAP * scale];
  const textScale = Math.max(1, Math.floor(height / PIXELS_PER_TEXT_SCALE));
  const lineHeight = LINE_HEIGHT * textScale;
  const lines = Math.max(0, ...(captions ?? []).map(({ length }) => length));
  const [across, down] = [width + gap, height + gap + lines * lineHeight];
  const grid = filledRaster(columns * across + gap, rows * down + gap, channels, BACKGROUND);
  const color = new Array<number>(channels).fill(INK);
  tiles.forEach((tile, index) => {
    const left = gap + (index % columns) * across;
    const top = gap + Math.floor(index / columns) * down;
    pasteTile(grid, enlarge(tile, scale), left, top);
    captions?.[index]?.forEach((line, number) => {
      const style = { left, top: top + height + number * lineHeight, scale: textScale, color };
      drawText(grid, shortenText(line, width / textScale), style);
    });
  });
  return grid;
}
