#!/usr/bin/env node
/**
 * Checks that memory does not grow. Measures resident memory in two ways and prints one JSON object:
 *   - one long training run of a narrow network: after 500 iterations and at the end;
 *   - many short training runs in one process: after the first tenth of them and at the end.
 * Exits with status 1 if either grew by more than 5%.
 *
 *     node bench/memory.mjs --iterations 10000 --runs 200
 *
 * Run `npm run build` first.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { train } from '../dist/node.js';

const { values } = parseArgs({
  options: { iterations: { type: 'string', default: '10000' }, runs: { type: 'string', default: '200' } },
});
const [iterations, runs] = [Number(values.iterations), Number(values.runs)];
const scratch = mkdtempSync(join(tmpdir(), 'agenet-memory-'));
const megabytes = () => Math.round(process.memoryUsage.rss() / 2 ** 20);
const settings = { data: 'mnist', width: 8, latent: 16, batch: 16, sampleEvery: 0, checkpointEvery: 0 };

try {
  const long = {};
  const onEvent = (event) => {
    if (event.type !== 'iteration') return;
    const { step } = event.report;
    if (step === Math.min(500, Math.ceil(iterations / 2))) long.early = megabytes();
    if (step === iterations) long.late = megabytes();
  };
  await train({ ...settings, length: { steps: iterations } }, { out: join(scratch, 'long'), onEvent });

  const many = {};
  for (let run = 1; run <= runs; run++) {
    await train({ ...settings, length: { steps: 2 } }, { out: join(scratch, `run-${run}`) });
    rmSync(join(scratch, `run-${run}`), { recursive: true });
    if (run === Math.ceil(runs / 10)) many.early = megabytes();
  }
  many.late = megabytes();
  console.log(JSON.stringify({ iterations, long_mb: long, runs, many_mb: many }));
  process.exitCode = [long, many].some(({ early, late }) => late > 1.05 * early) ? 1 : 0;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
