#!/usr/bin/env node
/**
 * Draws the rows that recipes.mjs wrote as an SVG: a dot a run, at its reconstruction error and its FID, larger the longer it was trained, and full
 * where its accuracies meet the goals. What lies in the box meets the goals of both axes after the most iterations.
 *
 *     node bench/recipes-plot.mjs < bench/recipes-results.jsonl > docs/pictures/recipes.svg
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const { goals, reference } = parse(readFileSync(new URL('recipes.yaml', import.meta.url), 'utf8'));
const rows = readFileSync(0, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const lengths = [...new Set(rows.map(({ steps }) => steps))].sort((a, b) => a - b);
const radiusOf = (steps) => 3 + 1.5 * lengths.indexOf(steps);
const [width, height, left, top, right, bottom] = [820, 460, 56, 16, 190, 44];
const mostL1 = Math.ceil(Math.max(...rows.map((row) => row.reconstruction_l1)) * 50) / 50;
const mostFid = Math.ceil(Math.max(...rows.map((row) => row.fid)) / 20) * 20;
const x = (l1) => (left + (l1 / mostL1) * (width - left - right)).toFixed(1);
const y = (fid) => (height - bottom - (fid / mostFid) * (height - top - bottom)).toFixed(1);
const ticks = (most, step) => Array.from({ length: Math.round(most / step) + 1 }, (_, index) => index * step);

const axes = [
  ...ticks(mostL1, 0.02).map((l1) => `<text x="${x(l1)}" y="${height - bottom + 16}" text-anchor="middle">${l1.toFixed(2)}</text>`),
  ...ticks(mostFid, 20).map((fid) => `<text x="${left - 6}" y="${Number(y(fid)) + 4}" text-anchor="end">${fid}</text>`),
  `<path d="M${left},${top}V${height - bottom}H${width - right}" fill="none" stroke="#999"/>`,
  `<text x="${width - right}" y="${height - 8}" text-anchor="end">reconstruction L1</text>`,
  `<text x="${left + 8}" y="${top + 8}">FID</text>`,
];
const last = rows.find(({ name, steps }) => name === reference && steps === lengths.at(-1));
const box =
  last &&
  `<rect x="${left}" y="${y(goals.fidShare * last.fid)}" width="${x(goals.l1) - left}" height="${y(0) - y(goals.fidShare * last.fid)}" fill="#dfeedd"/>`;
const dots = rows.map((row) => {
  const [centre, level] = [x(row.reconstruction_l1), y(row.fid)];
  const colour = row.name === reference ? '#b3402a' : '#3b6ea5';
  const fill = row.accuracy.every((accuracy, index) => accuracy >= goals.accuracy[index]) ? colour : 'white';
  const dot = `<circle cx="${centre}" cy="${level}" r="${radiusOf(row.steps)}" fill="${fill}" stroke="${colour}" stroke-width="1.5"/>`;
  return `${dot}<text x="${Number(centre) + radiusOf(row.steps) + 3}" y="${Number(level) + 4}" fill="${colour}">${row.name}</text>`;
});
const legend = lengths.map((steps, index) => {
  const level = top + 12 + index * 18;
  return `<circle cx="${width - right + 60}" cy="${level}" r="${radiusOf(steps)}" fill="none" stroke="#333"/><text x="${width - right + 74}" y="${level + 4}">${steps} iterations</text>`;
});
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
${[box ?? '', ...axes, ...dots, ...legend].join('\n')}
</svg>
`);
