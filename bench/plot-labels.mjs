#!/usr/bin/env node
/**
 * Plots test accuracy against the number of labels as an SVG, one line per method with its standard deviation over trials, from the JSON
 * lines that `agenet probe --json` prints:
 *
 *     cat codes.json finetune.json | node bench/plot-labels.mjs > docs/images/few-labels.svg
 */
import { readFileSync } from 'node:fs';

const COLORS = { features: '#1b7837', finetune: '#c51b7d', codes: '#3b6ea5', knn: '#8c6d31', supervised: '#555', pixels: '#999' };
const NAMES = { knn: 'nearest codes', supervised: 'same network from scratch', finetune: 'encoder fine-tuned' };
/** Methods that do not use the trained model; their lines are dashed. */
const BASELINES = ['supervised', 'pixels'];

const results = readFileSync(0, 'utf8')
  .trim()
  .split('\n')
  .flatMap((line) => JSON.parse(line).results);
const counts = [...new Set(results.map(({ labels }) => labels))].sort((a, b) => a - b);
const lowest = Math.floor(10 * Math.min(...results.map(({ accuracy, std }) => accuracy - std))) / 10;

const [left, top, width, height] = [56, 20, 480, 320];
const x = (labels) => left + (width * Math.log(labels / counts[0])) / Math.log(counts.at(-1) / counts[0]);
const y = (accuracy) => top + (height * (1 - accuracy)) / (1 - lowest);
const methods = Object.keys(COLORS).filter((method) => results.some((result) => result.method === method));

const grid = Array.from({ length: Math.round((1 - lowest) * 10) + 1 }, (_, step) => lowest + step / 10).flatMap((level) => [
  `<line x1="${left}" x2="${left + width}" y1="${y(level).toFixed(1)}" y2="${y(level).toFixed(1)}" stroke="#ddd"/>`,
  `<text x="${left - 8}" y="${(y(level) + 4).toFixed(1)}" text-anchor="end">${level.toFixed(1)}</text>`,
]);
const ticks = counts.map((labels) => `<text x="${x(labels).toFixed(1)}" y="${top + height + 20}" text-anchor="middle">${labels.toLocaleString('en')}</text>`);

const lines = methods.flatMap((method, index) => {
  const color = COLORS[method];
  const dash = BASELINES.includes(method) ? ' stroke-dasharray="5 4"' : '';
  // Each line is shifted slightly so that error bars do not overlap.
  const xOf = ({ labels }) => x(labels) + 3 * (index - (methods.length - 1) / 2);
  const points = results.filter((result) => result.method === method).sort((a, b) => a.labels - b.labels);
  return [
    `<polyline fill="none" stroke="${color}" stroke-width="2"${dash} points="${points.map((point) => `${xOf(point).toFixed(1)},${y(point.accuracy).toFixed(1)}`).join(' ')}"/>`,
    ...points.flatMap((point) => [
      `<line x1="${xOf(point).toFixed(1)}" x2="${xOf(point).toFixed(1)}" y1="${y(point.accuracy - point.std).toFixed(1)}" y2="${y(point.accuracy + point.std).toFixed(1)}" stroke="${color}"/>`,
      `<circle cx="${xOf(point).toFixed(1)}" cy="${y(point.accuracy).toFixed(1)}" r="3" fill="${color}"/>`,
    ]),
    `<line x1="${left + width - 190}" x2="${left + width - 160}" y1="${top + height - 24 - 18 * index}" y2="${top + height - 24 - 18 * index}" stroke="${color}" stroke-width="2"${dash}/>`,
    `<text x="${left + width - 152}" y="${top + height - 20 - 18 * index}">${NAMES[method] ?? method}</text>`,
  ];
});
process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 30}" height="${top + height + 50}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${grid.join('\n')}
${ticks.join('\n')}
<text x="${left + width / 2}" y="${top + height + 40}" text-anchor="middle">labels</text>
<text x="14" y="${top + height / 2}" text-anchor="middle" transform="rotate(-90 14 ${top + height / 2})">accuracy on test images</text>
${lines.join('\n')}
</svg>
`);
