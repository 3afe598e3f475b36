import * as Plot from '@observablehq/plot';
import { readFileSync } from 'node:fs';
import { parseHTML } from 'linkedom';

const { document } = parseHTML('<html></html>');

/** Draws a plot on white, as the text of an SVG file. Options are those of `Plot.plot`. */
export function svgOf({ width, height, marks, ...options }) {
  const svg = Plot.plot({
    document,
    width,
    height,
    style: { fontFamily: 'sans-serif', fontSize: '12px' },
    ...options,
    marks,
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.querySelector('style').insertAdjacentHTML('afterend', `<rect width="${width}" height="${height}" fill="white"/>`);
  return `${svg.outerHTML}\n`;
}

/** Reads JSON lines from standard input. */
export const readLines = () =>
  readFileSync(0, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
