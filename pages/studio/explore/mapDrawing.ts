/** Draws the map: points, thumbnails if there is room, and the selected code. */
import type { ImageShape } from '../../components/images.js';
import { pixelsOf } from '../../components/pixels.js';
import { type EncodedData, imageAt } from './data.js';
import type { MapLayout } from './layout.js';
import type { MapView } from '../../components/explore/settings.js';

/** All images of the data on one canvas, in rows. */
export interface Atlas {
  canvas: OffscreenCanvas;
  columns: number;
}

/** Images that are drawn at a time. */
const CHUNK = 20;

/** Draws the images of the data on one canvas. */
export async function drawAtlas(data: EncodedData, shape: ImageShape): Promise<Atlas> {
  const [, height, width] = shape;
  const columns = Math.ceil(Math.sqrt(data.count));
  const canvas = new OffscreenCanvas(columns * width, Math.ceil(data.count / columns) * height);
  const context = canvas.getContext('2d')!;
  for (let index = 0; index < data.count; index++) {
    if (index % CHUNK === CHUNK - 1) await new Promise((resolve) => setTimeout(resolve));
    context.putImageData(
      pixelsOf(imageAt(data, index), shape),
      (index % columns) * width,
      Math.floor(index / columns) * height,
    );
  }
  return { canvas, columns };
}

export interface MapScene {
  layout: MapLayout;
  shape: ImageShape;
  /** Undefined while it is drawn. */
  atlas: Atlas | undefined;
  /** A color per image, as CSS; all are the same without labels. */
  colors: readonly string[];
  /** The coordinates of the selected code. */
  selected: readonly [number, number] | undefined;
}

/** The area of a canvas in CSS pixels. */
export interface Area {
  width: number;
  height: number;
}

const BACKGROUND = '#1a1a1a';
const DOT_RADIUS = 2.5;
/** Thumbnails grow more slowly than the map, up to a limit, in CSS pixels. */
const [THUMBNAIL, MAX_THUMBNAIL] = [24, 72];
const thumbnailSize = (zoom: number): number => Math.min(MAX_THUMBNAIL, THUMBNAIL * Math.sqrt(zoom));

/** CSS pixels per unit of the map. */
const scaleOf = ({ width, height }: Area, zoom: number): number => Math.min(width, height) * zoom;

/** The position of a point of the map on the canvas, in CSS pixels. */
export function toCanvas(
  area: Area,
  { x, y, zoom }: MapView,
  [mapX, mapY]: readonly [number, number],
): readonly [number, number] {
  const scale = scaleOf(area, zoom);
  return [area.width / 2 + scale * (mapX - x), area.height / 2 + scale * (mapY - y)];
}

/** The point of the map at a position on the canvas. */
export function toMap(
  area: Area,
  { x, y, zoom }: MapView,
  [left, top]: readonly [number, number],
): readonly [number, number] {
  const scale = scaleOf(area, zoom);
  return [x + (left - area.width / 2) / scale, y + (top - area.height / 2) / scale];
}

/**
 * Returns the images with a thumbnail: each that overlaps no earlier one. They depend on the zoom alone, so that none
 * appears or vanishes while the map moves.
 */
export function placeThumbnails({ points }: MapLayout, area: Area, zoom: number): readonly number[] {
  const spacing = (thumbnailSize(zoom) * 1.06) / scaleOf(area, zoom);
  const cells = new Map<string, number[]>();
  const placed: number[] = [];
  for (let index = 0; index < points.length / 2; index++) {
    const [x, y] = [points[2 * index]!, points[2 * index + 1]!];
    const [column, row] = [Math.floor(x / spacing), Math.floor(y / spacing)];
    const isFree = NEIGHBOR_CELLS.every(([right, down]) =>
      (cells.get(`${column + right} ${row + down}`) ?? []).every(
        (other) => Math.abs(points[2 * other]! - x) >= spacing || Math.abs(points[2 * other + 1]! - y) >= spacing,
      ),
    );
    if (!isFree) continue;
    placed.push(index);
    const key = `${column} ${row}`;
    cells.set(key, [...(cells.get(key) ?? []), index]);
  }
  return placed;
}

const NEIGHBOR_CELLS = [-1, 0, 1].flatMap((right) => [-1, 0, 1].map((down) => [right, down] as const));

/** @param context scaled to CSS pixels */
export function drawMap(
  context: CanvasRenderingContext2D,
  area: Area,
  view: MapView,
  scene: MapScene,
  thumbnails: readonly number[],
): void {
  context.fillStyle = BACKGROUND;
  context.fillRect(0, 0, area.width, area.height);
  const { points } = scene.layout;
  const size = thumbnailSize(view.zoom);
  const positionOf = (index: number) => toCanvas(area, view, [points[2 * index]!, points[2 * index + 1]!]);
  const isVisible = ([left, top]: readonly [number, number]): boolean =>
    left > -size && top > -size && left < area.width + size && top < area.height + size;
  for (let index = 0; index < points.length / 2; index++) {
    const position = positionOf(index);
    if (!isVisible(position)) continue;
    context.fillStyle = scene.colors[index]!;
    context.beginPath();
    context.arc(...position, DOT_RADIUS, 0, 2 * Math.PI);
    context.fill();
  }
  if (scene.atlas) {
    for (const index of thumbnails) {
      const position = positionOf(index);
      if (isVisible(position)) drawThumbnail(context, scene, scene.atlas, index, position, size);
    }
  }
  if (scene.selected) drawMark(context, toCanvas(area, view, scene.selected), size);
}

function drawThumbnail(
  context: CanvasRenderingContext2D,
  { shape: [, height, width], colors }: MapScene,
  { canvas, columns }: Atlas,
  index: number,
  [centerX, centerY]: readonly [number, number],
  size: number,
): void {
  const [left, top] = [Math.round(centerX - size / 2), Math.round(centerY - size / 2)];
  context.drawImage(
    canvas,
    (index % columns) * width,
    Math.floor(index / columns) * height,
    width,
    height,
    left,
    top,
    size,
    size,
  );
  context.strokeStyle = colors[index]!;
  context.lineWidth = 1.5;
  context.strokeRect(left, top, size, size);
}

/** A ring around the selected code, white on black, so that it is visible on any image. */
function drawMark(context: CanvasRenderingContext2D, position: readonly [number, number], size: number): void {
  for (const [color, width] of [
    ['black', 6],
    ['white', 3],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.arc(...position, 0.62 * size, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** Pixels around a dot that count as the dot. */
const REACH = 12;

/** The image at a position on the canvas: of the thumbnail there, else of the nearest dot within reach. */
export function imageAtPosition(
  area: Area,
  view: MapView,
  { layout: { points } }: MapScene,
  thumbnails: readonly number[],
  [left, top]: readonly [number, number],
  reach = REACH,
): number | undefined {
  const offsetOf = (index: number): readonly [number, number] => {
    const [x, y] = toCanvas(area, view, [points[2 * index]!, points[2 * index + 1]!]);
    return [x - left, y - top];
  };
  const half = thumbnailSize(view.zoom) / 2;
  const hit = thumbnails.findLast((index) => offsetOf(index).every((offset) => Math.abs(offset) <= half));
  if (hit !== undefined) return hit;
  let [nearest, distance]: [number | undefined, number] = [undefined, reach];
  for (let index = 0; index < points.length / 2; index++) {
    const current = Math.hypot(...offsetOf(index));
    if (current < distance) [nearest, distance] = [index, current];
  }
  return nearest;
}
