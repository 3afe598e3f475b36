import { describe, expect, it } from 'vitest';
import { makeTemplate, runCases } from '../../fuzz/pool.mjs';
import { describeFailure, Report } from '../../fuzz/report.mjs';
import { temporaryFolder } from '../temporaryFolder.js';

const SEED = 1;
const CASES = 12;
/** On a machine that does nothing else it takes a quarter of a minute. */
const TIMEOUT = 400_000;

describe('random command lines', () => {
  it(
    'exit with 0, 1, 2 or 130, with one line per error, and change nothing unexpected',
    async () => {
      const root = temporaryFolder();
      const template = await makeTemplate(root);
      const report = new Report(SEED);
      const numbers = Array.from({ length: CASES }, (_, number) => number);
      const onOutcome = (number: number, outcome: Parameters<Report['add']>[1]) => void report.add(number, outcome);
      await runCases({ root, template, seed: SEED, numbers, workers: 1, limit: 60, onOutcome });
      expect(
        report.failures.flatMap(({ each, outcome, broken }) => describeFailure(each, outcome, broken)).join('\n'),
      ).toBe('');
      expect(report.count).toBe(CASES);
      // If hardly anything succeeded, the cases would test nothing but refusals.
      expect(report.successes).toBeGreaterThan(CASES / 4);
    },
    TIMEOUT,
  );
});
