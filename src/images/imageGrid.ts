import { type ImageBatch, imageOf, type Raster } from './raster.js';

const GAP = 2;
/** Grey behind the images, apart from both black and white ones. */
const BACKGROUND = 96;

/** Images in rows of `columns`, with thin lines between them. */
export function imageGrid(batch: ImageBatch, columns: number): Raster {
  return gridOf(
    Array.from({ length: batch.count }, (_, index) => imageOf(batch, index)),
    columns,
  );
}

/** About as many columns as rows. */
export const squareColumns = (count: number): number => Math.ceil(Math.sqrt(count));

/** Originals, each with its reconstruction at its right; `pairsPerRow` pairs in a row. */
export function pairGrid(originals: ImageBatch, reconstructions: ImageBatch, pairsPerRow: number): Raster {
  const tiles = Array.from({ length: originals.count }, (_, index) => [imageOf(originals, index), imageOf(reconstructions, index)]).flat();
  return gridOf(tiles, 2 * Math.min(pairsPerRow, originals.count));
}

/** Pictures of one size in rows of `columns`. */
export function gridOf(tiles: readonly Raster[], columns: number): Raster {
  const [first] = tiles;
  if (first === undefined) throw new Error('sheet: there are no images');
  const { width, height, channels } = first;
  const rows = Math.ceil(tiles.length / columns);
  const total = { width: columns * (width + GAP) + GAP, height: rows * (height + GAP) + GAP };
  const data = new Uint8Array(total.width * total.height * channels).fill(BACKGROUND);
  tiles.forEach((tile, index) => {
    const left = GAP + (index % columns) * (width + GAP);
    const top = GAP + Math.floor(index / columns) * (height + GAP);
    for (let row = 0; row < height; row++) {
      const line = tile.data.subarray(row * width * channels, (row + 1) * width * channels);
      data.set(line, ((top + row) * total.width + left) * channels);
    }
  });
  return { ...total, channels, data };
}
