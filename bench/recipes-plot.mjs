#!/usr/bin/env node
/**
 * Draws the rows that recipes.mjs wrote as an SVG: a numbered dot a run, at its reconstruction error and its FID (on a logarithmic axis),
 * larger the longer it was trained, and full where its accuracies meet the goals. What lies in the box meets the goals of both axes at the
 * last rung.
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
const names = [...new Set(rows.map(({ name }) => name))];
const radiusOf = (steps) => 3 + 2 * lengths.indexOf(steps);
const colourOf = (name) => (name === reference ? '#b3402a' : '#3b6ea5');
const [width, height, left, top, right, bottom] = [820, 460, 56, 16, 220, 44];
const mostL1 = Math.ceil(Math.max(...rows.map((row) => row.reconstruction_l1)) * 50) / 50;
const levels = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const leastFid = levels.findLast((level) => rows.every(({ fid }) => fid > level)) ?? 1;
const mostFid = levels.find((level) => rows.every(({ fid }) => fid < level)) ?? 10_000;
const x = (l1) => left + (l1 / mostL1) * (width - left - right);
const y = (fid) => height - bottom - (Math.log(fid / leastFid) / Math.log(mostFid / leastFid)) * (height - top - bottom);

const text = (atX, atY, content, attributes = '') => `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}" ${attributes}>${content}</text>`;
const axes = [
  ...Array.from({ length: Math.round(mostL1 / 0.02) + 1 }, (_, index) =>
    text(x(index * 0.02), height - bottom + 16, (index * 0.02).toFixed(2), 'text-anchor="middle"'),
  ),
  ...levels.filter((level) => level >= leastFid && level <= mostFid).map((level) => text(left - 6, y(level) + 4, level, 'text-anchor="end"')),
  `<path d="M${left},${top}V${height - bottom}H${width - right}" fill="none" stroke="#999"/>`,
  text(width - right, height - 8, 'reconstruction L1', 'text-anchor="end"'),
  text(left + 8, top + 8, 'FID'),
];
const last = rows.find(({ name, steps }) => name === reference && steps === lengths.at(-1));
const wanted = last && Math.max(leastFid, goals.fidShare * last.fid);
const box = last ? `<path d="M${left},${y(wanted)}H${x(goals.l1)}V${y(leastFid)}H${left}" fill="#dfeedd"/>` : '';
const dots = rows.map((row) => {
  const [centre, level, radius, colour] = [x(row.reconstruction_l1), y(row.fid), radiusOf(row.steps), colourOf(row.name)];
  const fill = row.accuracy.every((accuracy, index) => accuracy >= goals.accuracy[index]) ? colour : 'white';
  const dot = `<circle cx="${centre.toFixed(1)}" cy="${level.toFixed(1)}" r="${radius}" fill="${fill}" stroke="${colour}" stroke-width="1.5"/>`;
  return dot + text(centre + radius + 2, level + 4, names.indexOf(row.name) + 1, `fill="${colour}"`);
});
const key = [
  ...lengths.map((steps, index) => {
    const level = top + 8 + index * 20;
    return `<circle cx="${width - right + 48}" cy="${level}" r="${radiusOf(steps)}" fill="none" stroke="#333"/>${text(width - right + 60, level + 4, `${steps} iterations`)}`;
  }),
  ...names.map((name, index) => text(width - right + 40, top + 22 + (lengths.length + index) * 18, `${index + 1} ${name}`, `fill="${colourOf(name)}"`)),
];
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
${[box, ...axes, ...dots, ...key].join('\n')}
</svg>
`);
