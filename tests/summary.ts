import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { reasonToSkip } from './skips.js';

/**
 * Ends the run with a line that scripts can read: `N passed, N failed`. A skipped test without a reason counts as a
 * failure.
 */
export default class SummaryReporter implements Reporter {
  /** Whether tests were selected by name, so that the others are skipped. */
  private isFiltered = false;

  onInit({ config }: Vitest): void {
    this.isFiltered = config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const unexplained = skipped.filter((test) => !this.isFiltered && reasonToSkip(fileOf(test)) === undefined);
    // A file that does not even load counts as a failure, as does an error outside every test.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const failed = tests.length - passed - skipped.length + unexplained.length + broken;
    if (unexplained.length > 0) process.exitCode = 1;
    process.on('exit', () => {
      for (const test of unexplained)
        process.stdout.write(`skipped without a reason in tests/skips.ts: ${fileOf(test)}: ${test.fullName}\n`);
      for (const [reason, count] of countReasons(skipped)) process.stdout.write(`${count} skipped: ${reason}\n`);
      process.stdout.write(`${passed} passed, ${failed} failed\n`);
    });
  }
}

const fileOf = ({ module }: TestCase): string => relative(process.cwd(), module.moduleId).replaceAll('\\', '/');

function countReasons(skipped: readonly TestCase[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const test of skipped) {
    const reason = reasonToSkip(fileOf(test));
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}
