import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const filesIn = (folder: string, extension: string) =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith(extension))
    .map((name) => folder + name);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const PAGES = [...filesIn('./', '.md'), ...filesIn('docs/', '.md'), ...filesIn('examples/', '.md')];
const EXAMPLES = filesIn('examples/', '.mjs').map((path) => ({ path, text: read(path) }));

/** The blocks of a page between fences, with their languages. */
const fencedBlocks = (page: string) =>
  Array.from(page.matchAll(/^```(\w*)\n(.*?)^```$/gms), ([, language, text]) => ({ language: language!, text: text! }));

describe('JavaScript in the documentation', () => {
  const snippets = PAGES.flatMap((page) => fencedBlocks(read(page)).map((block) => ({ page, ...block }))).filter(
    ({ language }) => /^(js|javascript|mjs|ts|typescript)$/.test(language),
  );

  it.each(snippets)('of $page is an example: $text', ({ text }) => {
    expect(
      EXAMPLES.filter((example) => example.text === text || `\n${example.text}`.includes(`\n${text}`)).map(
        ({ path }) => path,
      ),
    ).toHaveLength(1);
  });

  it('shows every example', () => {
    const unused = EXAMPLES.filter(({ text }) => !snippets.some((snippet) => text.includes(snippet.text)));
    expect(unused.map(({ path }) => path)).toEqual([]);
  });

  it.each(PAGES)('of %s is in blocks that name their language', (page) => {
    const rest = read(page).replace(/^```(js|ts)\n.*?^```$/gms, '');
    expect(rest).not.toMatch(/^\s*(import .* from '|const \w+ = |await \w+\()/m);
  });
});
