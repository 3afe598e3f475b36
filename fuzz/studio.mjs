#!/usr/bin/env node
/**
 * Sends random sequences of requests to the studio, most of them nearly valid, and changes its folder beneath it. No
 * request may fail with a defect, hang, write or read outside the folder, or lose what was acknowledged. Exits with 1
 * if a rule is violated.
 *
 *     npm run fuzz:studio -- --cases 3000 --seed 1
 *     npm run fuzz:studio -- --seed 1 --case 123     reproduces one case
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { studioCaseOf } from './studioCases.mjs';
import { StudioSession } from './studioSession.mjs';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '3000' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
  },
});
const [count, first, seed] = [values.cases, values.first, values.seed].map(Number);
const single = values.case === undefined ? undefined : Number(values.case);
const numbers = single === undefined ? Array.from({ length: count }, (_, index) => first + index) : [single];
/** Cases between two lines of progress. */
const PROGRESS = 250;

let failures = 0;
for (const [index, number] of numbers.entries()) {
  const root = mkdtempSync(join(tmpdir(), 'agenet-fuzz-studio-'));
  const { steps } = studioCaseOf(seed, number);
  if (single !== undefined) for (const step of steps) console.log(JSON.stringify(step));
  try {
    const broken = await new StudioSession(root).run(steps);
    if (broken.length > 0) {
      failures++;
      console.log(`case ${number}: npm run fuzz:studio -- --seed ${seed} --case ${number}\n  ${broken.join('\n  ')}`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  if ((index + 1) % PROGRESS === 0) console.error(`${index + 1}/${numbers.length} cases, ${failures} failures`);
}
console.log(`${numbers.length} cases, ${failures} failures`);
process.exitCode = failures > 0 ? 1 : 0;
