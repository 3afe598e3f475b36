#!/usr/bin/env node
/**
 * Plots test accuracy against the number of labels as an SVG, one line per method with its standard deviation over
 * trials, from the JSON lines that `agenet probe --json` prints:
 *
 *     cat codes.json finetune.json | node bench/plot-labels.mjs > docs/images/few-labels.svg
 */
import * as Plot from '@observablehq/plot';
import { readLines, svgOf } from './figure.mjs';

const COLORS = {
  features: '#1b7837',
  'encoder fine-tuned': '#c51b7d',
  codes: '#3b6ea5',
  'nearest codes': '#8c6d31',
  'same network from scratch': '#555',
  pixels: '#999',
};
const NAMES = { knn: 'nearest codes', supervised: 'same network from scratch', finetune: 'encoder fine-tuned' };
/** Methods that do not use the trained model; their lines are dashed. */
const BASELINES = ['supervised', 'pixels'];

const results = readLines()
  .flatMap((line) => line.results)
  .map((result) => ({ ...result, name: NAMES[result.method] ?? result.method }));
const names = Object.keys(COLORS).filter((name) => results.some((result) => result.name === name));
// Each line is shifted slightly so that error bars do not overlap.
const x = ({ labels, name }) => labels * 1.02 ** (names.indexOf(name) - (names.length - 1) / 2);

process.stdout.write(
  svgOf({
    width: 580,
    height: 390,
    marginLeft: 56,
    marginBottom: 44,
    x: {
      type: 'log',
      label: 'labels',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: [...new Set(results.map(({ labels }) => labels))],
      tickFormat: ',',
    },
    y: { label: 'accuracy on test images', labelAnchor: 'center', labelArrow: 'none', grid: true, nice: true },
    color: { domain: names, range: names.map((name) => COLORS[name]) },
    marks: [
      Plot.ruleX(results, {
        x,
        y1: ({ accuracy, std }) => accuracy - std,
        y2: ({ accuracy, std }) => accuracy + std,
        stroke: 'name',
      }),
      ...names.map((name) => {
        const points = results.filter((result) => result.name === name);
        return Plot.lineY(points, {
          x,
          y: 'accuracy',
          stroke: 'name',
          sort: 'labels',
          strokeWidth: 2,
          strokeDasharray: BASELINES.includes(points[0].method) ? '5 4' : undefined,
        });
      }),
      Plot.dot(results, { x, y: 'accuracy', fill: 'name' }),
      ...names.map((name, index) =>
        Plot.text([name], {
          frameAnchor: 'bottom-right',
          dx: -12,
          dy: -12 - 18 * index,
          fill: COLORS[name],
          fontWeight: 'bold',
          text: [name],
        }),
      ),
    ],
  }),
);
