#!/usr/bin/env node
/**
 * Plots a trade-off between recipes as an SVG, from the results of tune.mjs: FID, FID of midpoints, and accuracies,
 * each against the spread of codes. Recipes are connected in the order in which they are named, and labeled with their
 * weight of a term in the encoder's update.
 *
 *     node bench/plot-recipes.mjs --names no-uniform,uniform-2,default,uniform-8,uniform-16 > docs/images/recipe-trade-off.svg
 */
import * as Plot from '@observablehq/plot';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { summarize } from './recipeScore.mjs';
import { svgOf } from './figure.mjs';
import { ResultRows } from './resultRows.mjs';

const { values } = parseArgs({
  options: {
    results: { type: 'string', default: fileURLToPath(new URL('recipes-results.jsonl', import.meta.url)) },
    names: { type: 'string' },
    term: { type: 'string', default: 'uniform' },
    steps: { type: 'string', default: '1874' },
    split: { type: 'string', default: 'validation' },
  },
});
const PANELS = {
  fid: 'FID',
  midpoint_fid: 'FID of midpoints',
  accuracy_100: 'accuracy, 100 labels',
  accuracy_1000: 'accuracy, 1,000 labels',
};
const rows = new ResultRows(values.results).rows.filter(
  ({ steps, split }) => steps === Number(values.steps) && split === values.split,
);

if (values.names === undefined) throw new Error('--names: name the recipes in their order');
const points = values.names.split(',').flatMap((name) => {
  const trainings = rows.filter((row) => row.name === name);
  if (trainings.length === 0) throw new Error(`no results for ${name}`);
  const { metrics } = summarize(trainings, {});
  const weight = new RegExp(`${values.term}:([\\d.]+)`).exec(trainings[0].settings.encoderUpdates)?.[1] ?? '0';
  return Object.entries(PANELS).map(([metric, panel]) => ({
    panel,
    weight,
    spread: metrics.code_variance_real.mean,
    value: metrics[metric].mean,
  }));
});

// One plot per panel, because their vertical scales differ.
const [WIDTH, HEIGHT] = [380, 250];
const panels = Object.values(PANELS).map((panel, index) => {
  const shown = points.filter((point) => point.panel === panel);
  const plot = svgOf({
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 66,
    marginBottom: 40,
    marginRight: 24,
    inset: 12,
    x: {
      label: 'variance of the codes of images, relative to the prior',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: 5,
    },
    y: { label: panel, labelAnchor: 'center', labelArrow: 'none', grid: true, ticks: 5, nice: true },
    marks: [
      Plot.line(shown, { x: 'spread', y: 'value', stroke: '#3b6ea5' }),
      Plot.dot(shown, { x: 'spread', y: 'value', fill: '#3b6ea5' }),
      Plot.text(shown, { x: 'spread', y: 'value', text: 'weight', dy: -11 }),
    ],
  });
  return `<g transform="translate(${WIDTH * (index % 2)},${HEIGHT * Math.floor(index / 2)})">${plot}</g>`;
});
const size = `width="${2 * WIDTH}" height="${2 * HEIGHT}"`;
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${panels.join('\n')}</svg>\n`);
