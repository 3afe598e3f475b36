#!/usr/bin/env node
/**
 * Plots times relative to PyTorch as an SVG bar chart, from the JSON lines that compare.mjs prints:
 *
 *     node bench/plot.mjs < bench/ratios.jsonl > docs/images/ratios.svg
 */
import { readFileSync } from 'node:fs';

const rows = readFileSync(0, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const label = ({ network, width, batch, channels, threads }) =>
  `${network}, width ${width}, batch ${batch}, ${channels === 1 ? 'grayscale' : 'RGB'}, ${threads} thread${threads === 1 ? '' : 's'}`;

const [left, right, rowHeight, top] = [330, 360, 26, 34];
const height = top + rows.length * rowHeight + 12;
const scale = (ratio) => left + ratio * right;
const bars = rows.flatMap((row, index) => {
  const y = top + index * rowHeight;
  return [
    `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${label(row)}</text>`,
    `<rect x="${left}" y="${y + 2}" width="${(row.ratio * right).toFixed(1)}" height="16" fill="#3b6ea5"/>`,
    `<text x="${scale(row.ratio) + 6}" y="${y + 14}">${row.ratio.toFixed(2)}</text>`,
  ];
});
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${left + right + 60}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${left}" y="16">time per iteration relative to PyTorch; below 1 is faster</text>
<line x1="${scale(1)}" y1="${top - 10}" x2="${scale(1)}" y2="${height - 8}" stroke="#999" stroke-dasharray="4 3"/>
${bars.join('\n')}
</svg>
`);
