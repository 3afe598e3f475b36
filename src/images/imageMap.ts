import { enlarge, fittingScale, requireScale } from './drawing.js';
import { countPlaced, placeStretched } from './gridPlacement.js';
import { addLegend, classColors } from './legend.js';
import { gridMosaic } from './mosaic.js';
import type { Raster } from './raster.js';

/** Cells along the longer side per square root of the number of images: clusters leave much of the plane empty. */
const CELLS_PER_ROOT = 1.5;

/** Images at points of a plane. */
export interface ImageMap {
  readonly image: Raster;
  /** Number of images that are shown. */
  readonly drawn: number;
  /** How far the axes are stretched in dense clusters, 0 to 1. */
  readonly stretch: number;
  /** A sentence that states how many images are shown, which is also below the map. */
  readonly note: string;
}

/** How a map is drawn. */
export interface ImageMapOptions {
  /** Cells along the longer side (default: 1.5 times the square root of the number of images). */
  readonly cells?: number | undefined;
  /** Pixels per pixel of an image along each side (default: the largest up to 4 at which the map fits 1024x1024 pixels). */
  readonly scale?: number | undefined;
  /** The class of each image, and the names of all classes: frames have their colors, and a legend lists those that occur. */
  readonly classes?: { readonly labels: readonly number[]; readonly names: readonly string[] } | undefined;
}

/**
 * Draws images of one size at points of a plane, each in its own cell of a grid or not at all, with a legend below.
 * @param points [N, 2], x to the right and y up
 * @throws {InputError} if the enlarged map would be too large
 */
export function drawImageMap(
  tiles: readonly Raster[],
  points: ArrayLike<number>,
  { cells, scale, classes }: ImageMapOptions = {},
): ImageMap {
  const layout = placeStretched(points, cells ?? Math.ceil(CELLS_PER_ROOT * Math.sqrt(tiles.length)));
  const colors = classColors(classes?.names.length ?? 0);
  const mosaic = gridMosaic(
    tiles,
    layout,
    classes?.labels.map((label) => colors[label]!),
  );
  const factor = scale ?? fittingScale(mosaic);
  requireScale(mosaic, factor);
  const occurring = new Set(classes?.labels);
  const entries = (classes?.names ?? [])
    .map((name, label) => ({ name, color: colors[label]! }))
    .filter((_, label) => occurring.has(label));
  const drawn = countPlaced(layout);
  const note = describeCounts(drawn, tiles.length);
  return { image: addLegend(enlarge(mosaic, factor), entries, note), drawn, stretch: layout.stretch, note };
}

function describeCounts(drawn: number, count: number): string {
  const format = (value: number) => value.toLocaleString('en');
  const shown = `${format(drawn)} of ${format(count)} images are shown`;
  return drawn === count ? shown : `${shown}; ${format(count - drawn)} are hidden because they overlap others`;
}
