/** The parts of the site that other programs build: the API reference and the playground. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTS, relativeAddress } from './addresses.mjs';
import { ADDRESSES } from './navigation.mjs';

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

/** The links of the site's header, for a page of one of its parts. */
const partLinks = (page, part) =>
  Object.entries({ Home: '/', ...PARTS })
    .map(
      ([name, address]) =>
        `<a href="${relativeAddress(address, page)}"${name === part ? ' aria-current="page"' : ''}>${name}</a>`,
    )
    .join('');

/** Documents that the reference copies are guides of the site. */
function guideAddress(name, anchor, page) {
  const found = [...ADDRESSES].find(([file]) => file.endsWith(`/${name}`) || file === name);
  if (!found) throw new Error(`${page}: no guide ${name}`);
  return relativeAddress(found[1] + anchor, page);
}

/** Levels of headings without gaps, landmarks, and no links in buttons, as readers with a screen reader need. */
function accessible(html) {
  let last = 0;
  return html
    .replace('<div class="col-content">', '<div class="col-content" role="main">')
    .replace('<div class="page-menu">', '<div class="page-menu" role="navigation" aria-label="On this page">')
    .replaceAll(/<summary[^>]*>.*?<\/summary>/gsu, (summary) =>
      summary.replaceAll(/<a [^>]*class="tsd-anchor-icon">.*?<\/a>/gsu, ''),
    )
    .replaceAll(/<h([1-6])\b/gu, (heading, level) => {
      const next = Math.min(Number(level), last + 1);
      last = next;
      return next === Number(level) ? heading : `${heading} aria-level="${next}"`;
    });
}

function pageOfSite(html, page) {
  return accessible(html)
    .replace('</head>', `<link rel="icon" href="${relativeAddress('/icon.svg', page)}"></head>`)
    .replace(
      '<header class="tsd-page-toolbar">',
      `<nav class="site-parts" aria-label="Site">${partLinks(page, 'API')}</nav>$&`,
    )
    .replaceAll(/<a href="[^"]*\.tsx?#L\d+">([^<]*)<\/a>/gu, '$1')
    .replaceAll(
      /href="[./]*media\/([^"#]*\.md)(#[^"]*)?"/gu,
      (_, name, anchor = '') => `href="${guideAddress(name, anchor, page)}"`,
    );
}

/**
 * Copies the API reference of typedoc, in the site's design. Its links to source files become text.
 * @returns the sections for the search: one per name
 */
export function copyApi(from, to, styles) {
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('.md') });
  const pages = filesIn(to).filter((file) => file.endsWith('.html'));
  for (const page of pages) {
    const file = join(to, page);
    writeFileSync(file, pageOfSite(readFileSync(file, 'utf8'), `/api/${page}`));
  }
  const style = join(to, 'assets/style.css');
  writeFileSync(style, `${readFileSync(style, 'utf8')}\n${styles}`);
  return pages.flatMap((page) => {
    const [, kind, module, name] =
      /^(class|function|interface|type|variable)e?s\/([^.]+)\.(?:[^.]+\.)*([^.]+)\.html$/u.exec(page) ?? [];
    if (name === undefined) return [];
    return [{ title: name, text: `API: ${kind} of ${module.replace('_', '/')}`, address: `api/${page}` }];
  });
}

/** Copies the playground, and adds the way back to the site. */
export function copyPlayground(from, to) {
  cpSync(from, to, { recursive: true });
  const file = join(to, 'index.html');
  const html = readFileSync(file, 'utf8');
  const nav = `<nav class="parts" aria-label="Site">${partLinks('/playground/index.html', 'Playground')}</nav>`;
  const changed = html.replace('</header>', `${nav}</header>`);
  if (changed === html) throw new Error('the playground has no header');
  writeFileSync(file, changed);
}
