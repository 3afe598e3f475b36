#!/usr/bin/env node
/**
 * Plots the rows that tune.mjs wrote as an SVG. Each run is a numbered dot at its reconstruction error and its FID (logarithmic axis). Dots
 * of longer runs are larger, and a dot is filled if the accuracies of its run meet the goals. The box marks the goals of both axes at the
 * last rung.
 *
 *     node bench/plot-recipes.mjs < bench/recipes-results.jsonl > docs/images/recipes.svg
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
const colorOf = (name) => (name === reference ? '#b3402a' : '#3b6ea5');
const [width, height, left, top, right, bottom] = [820, 460, 56, 16, 220, 44];
const maxL1 = Math.ceil(Math.max(...rows.map((row) => row.reconstruction_l1)) * 50) / 50;
const levels = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const minFid = levels.findLast((level) => rows.every(({ fid }) => fid > level)) ?? 1;
const maxFid = levels.find((level) => rows.every(({ fid }) => fid < level)) ?? 10_000;
const x = (l1) => left + (l1 / maxL1) * (width - left - right);
const y = (fid) => height - bottom - (Math.log(fid / minFid) / Math.log(maxFid / minFid)) * (height - top - bottom);

const text = (atX, atY, content, attributes = '') => `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}" ${attributes}>${content}</text>`;
const axes = [
  ...Array.from({ length: Math.round(maxL1 / 0.02) + 1 }, (_, index) =>
    text(x(index * 0.02), height - bottom + 16, (index * 0.02).toFixed(2), 'text-anchor="middle"'),
  ),
  ...levels.filter((level) => level >= minFid && level <= maxFid).map((level) => text(left - 6, y(level) + 4, level, 'text-anchor="end"')),
  `<path d="M${left},${top}V${height - bottom}H${width - right}" fill="none" stroke="#999"/>`,
  text(width - right, height - 8, 'reconstruction L1', 'text-anchor="end"'),
  text(left + 8, top + 8, 'FID'),
];
const last = rows.find(({ name, steps }) => name === reference && steps === lengths.at(-1));
const fidGoal = last && Math.max(minFid, goals.fidFraction * last.fid);
const box = last ? `<path d="M${left},${y(fidGoal)}H${x(goals.l1)}V${y(minFid)}H${left}" fill="#dfeedd"/>` : '';
const dots = rows.map((row) => {
  const [center, level, radius, color] = [x(row.reconstruction_l1), y(row.fid), radiusOf(row.steps), colorOf(row.name)];
  const fill = row.accuracy.every((accuracy, index) => accuracy >= goals.accuracy[index]) ? color : 'white';
  const dot = `<circle cx="${center.toFixed(1)}" cy="${level.toFixed(1)}" r="${radius}" fill="${fill}" stroke="${color}" stroke-width="1.5"/>`;
  return dot + text(center + radius + 2, level + 4, names.indexOf(row.name) + 1, `fill="${color}"`);
});
const key = [
  ...lengths.map((steps, index) => {
    const level = top + 8 + index * 20;
    return `<circle cx="${width - right + 48}" cy="${level}" r="${radiusOf(steps)}" fill="none" stroke="#333"/>${text(width - right + 60, level + 4, `${steps} iterations`)}`;
  }),
  ...names.map((name, index) => text(width - right + 40, top + 22 + (lengths.length + index) * 18, `${index + 1} ${name}`, `fill="${colorOf(name)}"`)),
];
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
${[box, ...axes, ...dots, ...key].join('\n')}
</svg>
`);
