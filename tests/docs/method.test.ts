import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GOLDEN_NAMES } from '../age/goldenFiles.js';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/method.md', root), 'utf8');

/** `NAME` (`src/FILE`), possibly with other words and other names before the file. */
const references = [
  ...page.matchAll(/`(\w+)`(?: and its gradient by `(\w+)`| of `(\w+)`)?\s\(`(src\/[\w/.]+)`\)/g),
].flatMap(([, ...parts]) => {
  const file = parts.pop()!;
  return parts.filter((name) => name !== undefined).map((name) => ({ name, file }));
});

describe('docs/method.md', () => {
  it.each(references)('names $name, which $file declares', ({ name, file }) => {
    expect(readFileSync(new URL(file, root), 'utf8')).toMatch(
      new RegExp(`\\b(function|const|class) ${name}\\b|^ +${name}: `, 'm'),
    );
  });

  it('names no other source file that does not exist', () => {
    const files = [...page.matchAll(/`(src\/[\w/.]+)`/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });

  it('names every golden file of the tests, and no other', () => {
    const named = new Set([...page.matchAll(/`((?:dcgan|resnet)\d+-[\w-]+)`/g)].map(([, name]) => name!));
    expect([...named].sort()).toEqual([...GOLDEN_NAMES].sort());
  });
});
