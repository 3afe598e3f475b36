#!/usr/bin/env node
/**
 * Plots times relative to PyTorch as an SVG bar chart, from the JSON lines that compare.mjs prints:
 *
 *     node bench/plot.mjs < bench/ratios.jsonl > docs/images/ratios.svg
 */
import * as Plot from '@observablehq/plot';
import { readLines, svgOf } from './figure.mjs';

const label = ({ network, width, batch, channels, threads }) =>
  `${network}, width ${width}, batch ${batch}, ${channels === 1 ? 'grayscale' : 'RGB'}, ${threads} thread${threads === 1 ? '' : 's'}`;
const rows = readLines();

process.stdout.write(
  svgOf({
    width: 750,
    height: 26 * rows.length + 60,
    marginLeft: 320,
    marginBottom: 40,
    x: {
      domain: [0, 1.05],
      label: 'time per iteration relative to PyTorch; below 1 is faster',
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: { label: null, domain: rows.map(label), tickSize: 0 },
    marks: [
      Plot.barX(rows, { x: 'ratio', y: label, fill: '#3b6ea5' }),
      Plot.text(rows, { x: 'ratio', y: label, text: ({ ratio }) => ratio.toFixed(2), textAnchor: 'start', dx: 6 }),
      Plot.ruleX([1], { stroke: '#999', strokeDasharray: '4 3' }),
    ],
  }),
);
