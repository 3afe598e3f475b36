import { describe, expect, it } from 'vitest';
import { reasonToSkip, SKIPS } from '../skips.js';

describe('a skipped test', () => {
  const skips = [
    { files: 'tests/pages/', reason: 'a browser', isMissing: () => true },
    { files: 'tests/cli/', reason: 'a program', isMissing: () => false },
  ];
  it('has a reason if the machine lacks what its file needs', () => {
    expect(reasonToSkip('tests/pages/studio.test.ts', skips)).toBe('a browser');
    expect(reasonToSkip('tests/integration/mpirun.test.ts', skips)).toBeUndefined();
    expect(reasonToSkip('tests/age/plan.test.ts', skips)).toBeUndefined();
  });

  it('has one of a few reasons', () => {
    for (const { files, reason } of SKIPS) expect([files, reason].every((text) => text !== '')).toBe(true);
  });
});
