#!/usr/bin/env node
// memory.mjs [--iterations 10000] [--runs 200]: whether memory stays flat, of a built checkout.
//   One training of a narrow network on noise: the resident memory after 500 iterations and at the end.
//   Many trainings one after another, each started and stopped in this process: the same after the first tenth of them and at the end.
// Prints one JSON object; exits 1 where either grew by more than 5 %.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { train } from '../dist/node.js';

const option = { iterations: '10000', runs: '200' };
for (let i = 2; i < process.argv.length; i += 2) {
  const name = process.argv[i].replace(/^--/, '');
  if (!(name in option)) throw new Error(`unknown option ${process.argv[i]}`);
  option[name] = process.argv[i + 1];
}
const [iterations, runs] = [Number(option.iterations), Number(option.runs)];
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
