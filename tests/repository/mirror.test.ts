import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Folders of tests of several modules, of documents, pages and tools, and of the repository itself. */
const OTHERS = /^(?:docs|examples|fuzz|integration|pages|repository)\//u;

describe('the folder of tests', () => {
  it('mirrors src: X/y.test.ts tests src/X/y.ts, or the files of the folder src/X/y', () => {
    const tests = readdirSync(`${root}tests`, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts') && !OTHERS.test(file))
      .map((file) => file.replace(/\.test\.ts$/u, ''));
    expect(tests.length).toBeGreaterThan(100);
    expect(tests.filter((file) => !existsSync(`${root}src/${file}.ts`) && !existsSync(`${root}src/${file}`))).toEqual(
      [],
    );
  });
});
