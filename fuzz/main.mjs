#!/usr/bin/env node
/**
 * Runs random command lines on random files, most of them nearly valid, and holds every outcome to the rules in
 * oracle.mjs: an exit status of 0, 1, 2 or 130, one line per error, no unexpected writes, no control characters. Exits
 * with 1 if a rule is violated.
 *
 *     npm run fuzz -- --cases 10000 --seed 1 --workers 2
 *     npm run fuzz -- --seed 1 --case 123       reproduces one case and prints its outcome
 *
 * Run it after `npm run build`, which `npm run fuzz` does. Cases follow from the seed alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { caseOf } from './cases.mjs';
import { makeTemplate, runCases } from './pool.mjs';
import { describeCase, describeFailure, Report } from './report.mjs';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    limit: { type: 'string', default: '60' },
    case: { type: 'string' },
  },
});
const [cases, first, seed, workers, limit] = [
  values.cases,
  values.first,
  values.seed,
  values.workers,
  values.limit,
].map(Number);
const single = values.case === undefined ? undefined : Number(values.case);
const numbers = single === undefined ? Array.from({ length: cases }, (_, index) => first + index) : [single];

/** Seconds between two lines of progress. */
const PROGRESS = 15;

const root = mkdtempSync(join(tmpdir(), 'agenet-fuzz-'));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    rmSync(root, { recursive: true, force: true });
    process.exit(130);
  });
}
const begin = performance.now();
const seconds = () => (performance.now() - begin) / 1000;
try {
  const template = await makeTemplate(root);
  const report = new Report(seed);
  let shown = seconds();
  const onOutcome = (number, outcome) => {
    const broken = report.add(number, outcome);
    if (single !== undefined) console.log(describeCase(caseOf(seed, number), outcome).join('\n'));
    if (broken.length > 0) console.log(describeFailure(caseOf(seed, number), outcome, broken).join('\n'));
    if (seconds() - shown < PROGRESS) return;
    shown = seconds();
    console.error(`${report.count}/${numbers.length} cases, ${report.failures.length} failures, ${shown.toFixed(0)} s`);
  };
  await runCases({ root, template, seed, numbers, workers, limit, onOutcome });
  if (single === undefined) console.log(report.lines(seconds()).join('\n'));
  if (report.failures.length > 0) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
