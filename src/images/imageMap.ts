import { enlarge, filledRaster, fillRectangle, fittingScale, pasteTile, requireScale } from './drawing.js';
import { countPlaced, type GridLayout, placeStretched } from './gridPlacement.js';
import { addLegend, classColors, type Color } from './legend.js';
import { BACKGROUND } from './imageGrid.js';
import type { Raster } from './raster.js';

/** Clusters leave much of the plane empty. */
const CELLS_PER_ROOT = 1.5;

/** In pixels; single ones would be invisible among thousands of images. */
const [POINT, FRAME] = [2, 2];
const POINT_COLOR: Color = [255, 225, 60];

/** Images at points of a plane. */
export interface ImageMap {
  image: Raster;
  /** Number of points with images. */
  drawn: number;
  /** Of the axes in dense clusters, 0 to 1. */
  stretch: number;
  /** Line below the map: how many images and points it has. */
  note: string;
}

export interface ImageMapOptions {
  /** Cells along the longer side (default: 1.5 times the square root of the number of images). */
  cells?: number | undefined;
  /** Enlargement of each pixel (default: the largest up to 4 at which the map fits 1024x1024 pixels). */
  scale?: number | undefined;
  /** Classes of points, which color frames and points. A legend names those that occur. */
  classes?: { labels: readonly number[]; names: readonly string[] } | undefined;
}

/**
 * Draws images of one size in grid cells near their points. Points without an image or a free cell are small squares.
 * @param tiles images of the first points
 * @param points [N, 2], y up
 * @throws {InputError} if the map would be too large
 */
export function drawImageMap(
  tiles: readonly Raster[],
  points: ArrayLike<number>,
  { cells, scale, classes }: ImageMapOptions = {},
): ImageMap {
  const side = cells ?? Math.ceil(CELLS_PER_ROOT * Math.sqrt(tiles.length));
  const layout = placeStretched(points, side, undefined, tiles.length);
  const colors = classColors(classes?.names.length ?? 0);
  const colorOf = (point: number) => (classes ? colors[classes.labels[point]!]! : undefined);
  const mosaic = gridMosaic(tiles, layout, classes && tiles.map((_, index) => colorOf(index)!));
  const factor = scale ?? fittingScale(mosaic);
  requireScale(mosaic, factor);
  const image = enlarge(mosaic, factor);
  drawPoints(image, layout, (point) => colorOf(point) ?? POINT_COLOR);
  const occurring = new Set(classes?.labels);
  const entries = (classes?.names ?? []).flatMap((name, label) =>
    occurring.has(label) ? [{ name, color: colors[label]! }] : [],
  );
  const drawn = countPlaced(layout);
  const note = describeCounts(drawn, points.length / 2);
  return { image: addLegend(image, entries, note), drawn, stretch: layout.stretch, note };
}

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

function drawPoints(image: Raster, { columns, rows, cells, positions }: GridLayout, colorOf: (point: number) => Color) {
  const [across, down] = [image.width / columns, image.height / rows];
  const within = (position: number, size: number) => Math.max(0, Math.min(size - POINT, Math.round(position) - 1));
  for (let point = 0; point < positions.length / 2; point++) {
    if ((cells[point] ?? -1) >= 0) continue;
    const left = within(positions[2 * point]! * across, image.width);
    const top = within(positions[2 * point + 1]! * down, image.height);
    fillRectangle(image, { left, top, width: POINT, height: POINT }, colorOf(point));
  }
}

function describeCounts(drawn: number, count: number) {
  const [all, pictures, points] = [count, drawn, count - drawn].map((value) => value.toLocaleString('en'));
  if (drawn === count) return `${all} images`;
  return `${all} images: ${pictures} as pictures, and ${points} as points, which have no room for a picture`;
}
