import { describe, expect, it } from 'vitest';
import { withoutPaths } from '../../src/studio/paths.node.js';

describe('an answer', () => {
  it('has no paths beyond the folder', () => {
    const message = '/home/ada/runs/mnist-1/config.json: not readable; see /home/ada/secret/plan.txt, or /etc/passwd';
    expect(withoutPaths(message, '/home/ada/runs')).toBe('mnist-1/config.json: not readable; see plan.txt, or passwd');
    expect(withoutPaths('--width: must be from 1 to 1024; 3/4 is not', '/runs')).toBe(
      '--width: must be from 1 to 1024; 3/4 is not',
    );
  });

  it('has none at any level, and not more levels than a page needs', () => {
    const value = { data: '/etc/secret', list: [1, null, { file: '/runs/a/x.png' }] };
    expect(withoutPaths(value, '/runs')).toEqual({ data: 'secret', list: [1, null, { file: 'a/x.png' }] });
    let deep: unknown = '/etc/passwd';
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(JSON.stringify(withoutPaths(deep, '/runs'))).toBe(`${'['.repeat(20)}"…"${']'.repeat(20)}`);
  });
});
