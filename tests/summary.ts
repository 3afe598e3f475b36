import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with a line that scripts can read: `N passed, N failed`. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const skipped = tests.filter((test) => test.result().state === 'skipped').length;
    // A file that does not even load counts as a failure, as does an error outside every test.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const failed = tests.length - passed - skipped + broken;
    const left = skipped > 0 ? `${skipped} skipped, which this machine or user cannot run\n` : '';
    process.on('exit', () => process.stdout.write(`${left}${passed} passed, ${failed} failed\n`));
  }
}
