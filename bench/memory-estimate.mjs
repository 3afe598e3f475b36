#!/usr/bin/env node
/**
 * Compares the estimated peak memory of training (src/engine/memory.ts) with the peak resident memory of `agenet
 * bench`. Prints one line per configuration: MB measured, MB estimated, and the relative difference.
 *
 *     node bench/memory-estimate.mjs 32,16,64 64,32,256    # image size, width, batch; by default a grid of small ones
 *
 * Run `npm run build` first, on a machine with free memory.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { iterationOf } from '../dist/age/iteration.js';
import { estimateMemory } from '../dist/engine/runtime/native.node.js';
import { iterationSpec } from '../dist/training/configuration.js';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const GRID = ['32,8,16', '32,8,64', '32,8,256', '32,16,64', '32,32,64', '64,8,16', '64,16,64', '32,64,16'];

const chosen = process.argv.slice(2);
for (const configuration of chosen.length > 0 ? chosen : GRID) {
  const [size, width, batch] = configuration.split(',');
  const options = ['--size', size, '--width', width, '--batch', batch, '--iterations', '2', '--warmup', '1', '--json'];
  const output = execFileSync(process.execPath, [MAIN, 'bench', ...options], { encoding: 'utf8' });
  const measured = JSON.parse(output.trim().split('\n').at(-1));
  const { graph } = iterationOf(iterationSpec(measured.configuration));
  const estimate = (await estimateMemory(graph)) / 2 ** 20;
  const difference = ((estimate / measured.peak_rss_mb - 1) * 100).toFixed(1);
  console.log(`${configuration}: ${measured.peak_rss_mb.toFixed(0)} ${estimate.toFixed(0)} ${difference}%`);
}
