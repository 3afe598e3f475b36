#!/usr/bin/env node
/**
 * A model of training on many hosts, where each process has the same number of images: predicts its speed relative to
 * one process on its own. From JSON lines of `agenet bench --json` with two processes, one line for each width, plots
 * it as an SVG:
 *
 *     for width in 16 32 64; do mpirun -n 2 npx agenet bench --preset published --latent 128 --width $width --threads 1 --json; done > bench/scaling.jsonl
 *     node bench/scaling.mjs < bench/scaling.jsonl > docs/images/scaling.svg
 *
 * Compute time is that outside of messages. A reduction of n bytes among R ranks sends 2 n (R - 1) / R bytes per rank
 * (ring), a gathering n (R - 1), and either takes at least log2(R) latencies.
 */
import * as Plot from '@observablehq/plot';
import { readLines, svgOf } from './figure.mjs';

const RANKS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** Bytes per second. */
const NETWORKS = { '10 Gbit/s': 10e9 / 8, '100 Gbit/s': 100e9 / 8 };
/** Seconds of one step of a message between hosts. */
const LATENCY = 20e-6;

/** Seconds in messages per iteration. */
const communication = ({ messages, bytes, gathered }, ranks, bandwidth) =>
  messages * 2 * Math.log2(ranks) * LATENCY + ((2 * (bytes - gathered)) / ranks + gathered) * ((ranks - 1) / bandwidth);

const points = readLines().flatMap(({ configuration, seconds_per_iteration: seconds, collectives }) =>
  Object.entries(NETWORKS).flatMap(([network, bandwidth]) => {
    const compute = seconds - collectives.seconds;
    return RANKS.map((ranks) => ({
      label: `width ${configuration.width}`,
      width: String(configuration.width),
      network,
      ranks,
      efficiency: compute / (compute + communication(collectives, ranks, bandwidth)),
    }));
  }),
);
const last = points.filter(({ ranks }) => ranks === RANKS.at(-1));

process.stdout.write(
  svgOf({
    width: 760,
    height: 340,
    marginLeft: 60,
    marginRight: 60,
    marginBottom: 44,
    fx: { label: null },
    x: {
      type: 'log',
      base: 2,
      domain: [1, 256],
      label: 'processes, 32 images each',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: RANKS,
      tickFormat: String,
    },
    y: {
      domain: [0.75, 1],
      grid: true,
      label: 'predicted speed per process, relative to one',
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    color: { type: 'ordinal', range: ['#9db8d2', '#3b6ea5', '#1c3a5b'] },
    marks: [
      Plot.line(points, { fx: 'network', x: 'ranks', y: 'efficiency', stroke: 'width' }),
      Plot.text(last, { fx: 'network', x: 'ranks', y: 'efficiency', text: 'label', textAnchor: 'start', dx: 6 }),
    ],
  }),
);
