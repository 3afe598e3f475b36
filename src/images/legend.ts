import { filledRaster, fillRectangle, pasteTile } from './drawing.js';
import type { Raster } from './raster.js';
import { drawText, LINE_HEIGHT, shortenText, textWidth, wrapText } from './text.js';

/** 0 to 255 each. */
export type Color = readonly [red: number, green: number, blue: number];

/** Bright, because frames are thin on gray; distinct even with a color vision deficiency. */
const PALETTE: readonly Color[] = [
  [230, 60, 60],
  [60, 160, 255],
  [70, 205, 90],
  [255, 225, 60],
  [190, 90, 230],
  [255, 150, 40],
  [70, 235, 225],
  [255, 150, 205],
  [165, 110, 60],
  [250, 250, 250],
];

/** For many classes, returns evenly spaced hues, alternately light and dark. */
export function classColors(count: number): Color[] {
  if (count <= PALETTE.length) return PALETTE.slice(0, count);
  return Array.from({ length: count }, (_, index) => {
    const strength = index % 2 === 0 ? 255 : 170;
    const channel = (offset: number) =>
      Math.round(strength * Math.min(1, Math.max(0, Math.abs((((6 * index) / count + offset) % 6) - 3) - 1)));
    return [channel(0), channel(4), channel(2)];
  });
}

interface LegendEntry {
  name: string;
  color: Color;
}

/** Width of an image per pixel of its font, readable on a whole screen. */
const PIXELS_PER_TEXT_SCALE = 550;
const BACKGROUND = 24;
const INK: Color = [255, 255, 255];
/** In units of the scale of the text. */
const [MARGIN, SAMPLE, SPACING] = [4, 7, 8];

/** Adds color samples with their names and a note below an image, in RGB. */
export function addLegend(image: Raster, entries: readonly LegendEntry[], note: string): Raster {
  const scale = Math.max(1, Math.round(image.width / PIXELS_PER_TEXT_SCALE));
  const room = Math.floor(image.width / scale) - 2 * MARGIN;
  const rows = entryRows(entries, room);
  const lines = wrapText(note, room);
  const height = ((rows.length + lines.length) * LINE_HEIGHT + 2 * MARGIN) * scale;
  const result = filledRaster(image.width, image.height + height, 3, BACKGROUND);
  pasteTile(result, image, 0, 0);
  const topOf = (row: number) => image.height + (MARGIN + row * LINE_HEIGHT) * scale;
  rows.forEach((row, index) => {
    for (const { left, name, color } of row) {
      const start = (MARGIN + left) * scale;
      // A map of few small images may be narrower than its legend.
      const width = Math.min(SAMPLE * scale, result.width - start);
      fillRectangle(result, { left: start, top: topOf(index) + scale, width, height: SAMPLE * scale }, color);
      drawText(result, name, { left: start + (SAMPLE + 2) * scale, top: topOf(index), scale, color: INK });
    }
  });
  lines.forEach((line, index) =>
    drawText(result, line, { left: MARGIN * scale, top: topOf(rows.length + index), scale, color: INK }),
  );
  return result;
}

function entryRows(entries: readonly LegendEntry[], room: number) {
  const rows: (LegendEntry & { left: number })[][] = [];
  let used = Infinity;
  for (const { name, color } of entries) {
    const short = shortenText(name, room - SAMPLE - 2);
    const width = SAMPLE + 2 + textWidth(short);
    if (used + width > room) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push({ name: short, color, left: used });
    used += width + SPACING;
  }
  return rows;
}
