/** Markdown of the repository as HTML of the site: anchors, links, pictures, tables, code and formulas. */
import katex from '@vscode/markdown-it-katex';
import hljs from 'highlight.js/lib/core';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import typescript from 'highlight.js/lib/languages/typescript';
import yaml from 'highlight.js/lib/languages/yaml';
import { dirname, join, normalize } from 'node:path/posix';
import { GUIDES } from './navigation.mjs';

/** Only comments and strings: the words of commands are no keywords. */
const shell = ({ COMMENT, QUOTE_STRING_MODE }) => ({ contains: [COMMENT(/(?<=^|\s)#/u, /$/u), QUOTE_STRING_MODE] });

for (const [name, language] of Object.entries({ javascript, json, typescript, yaml, shell }))
  hljs.registerLanguage(name, language);
hljs.registerAliases(['js', 'mjs'], { languageName: 'javascript' });

/** Words that begin a line for a shell. */
const SHELL = /^\s*(?:(?:[A-Z_]+=\S+ )?(?:npm|npx|node|agenet|mpirun|apt-get|tar|pip|python3?|for|done)\b|#!)/mu;

/** Pictures of a few hundred pixels are grids of small images: they are enlarged, with sharp pixels. */
export const SMALL_PICTURE = 340;

/** Wider pictures than the column of text lead to the whole picture. */
const WIDE_PICTURE = 864;

/** The anchor of a heading, as code hosts write it. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Code as HTML with classes of highlight.js. */
function highlight(code, language) {
  const name = language || (SHELL.test(code) ? 'shell' : '');
  return hljs.getLanguage(name) ? hljs.highlight(code, { language: name }).value : escapeHtml(code);
}

const escapeHtml = (text) =>
  text.replace(/[&<>"]/gu, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]);

/** Columns that fit beside the menu. */
const MAX_COLUMNS = 80;

/** Comments behind long commands are above them, unless a command has several lines. */
function withCommentsAbove(code) {
  const lines = code.split('\n');
  if (!SHELL.test(code) || lines.some((line) => line.endsWith('\\'))) return code;
  if (lines.every(({ length }) => length <= MAX_COLUMNS)) return code;
  const moved = lines.map((line) => {
    const place = line.indexOf('  # ');
    return place > 0 ? `${line.slice(place + 2)}\n${line.slice(0, place).trimEnd()}` : line;
  });
  return moved.join('\n');
}

/** A block of code with a button that copies it. Its script is in the client's `copy.ts`. */
export const codeBlock = (code, language) =>
  `<div class="code"><pre tabindex="0"><code>${highlight(withCommentsAbove(code.trimEnd()), language)}</code></pre></div>\n`;

/**
 * Prepares markdown-it.
 * @param sizes width and height of pictures by address
 * @param addresses of pages by file
 */
export function configureMarkdown(md, sizes, addresses) {
  md.set({ html: false, linkify: false, typographer: false });
  md.use(katex.default ?? katex, { output: 'mathml', throwOnError: true });
  md.core.ruler.push('site', ({ tokens, env }) => {
    const file = env.file;
    addAnchors(tokens);
    labelTables(tokens);
    for (const { children } of tokens) nameLinks(children ?? [], file);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type === 'link_open') rewriteLink(token, file, addresses);
      if (token.type === 'image') rewriteImage(token, file, sizes);
    }
    removeDeadLinks(tokens);
  });
  const { rules } = md.renderer;
  rules.fence = (tokens, index) => codeBlock(tokens[index].content, tokens[index].info.trim());
  rules.code_block = (tokens, index) => codeBlock(tokens[index].content, '');
  rules.table_open = (tokens, index) =>
    `<div class="table" role="region" tabindex="0" aria-label="${tokens[index].meta.label}"><table>\n`;
  // Wide formulas scroll, also by keyboard.
  const { image, math_block: formula } = rules;
  rules.math_block = (...values) => formula(...values).replace('<math ', '<math tabindex="0" ');
  rules.image = (tokens, index, ...others) => {
    const picture = image(tokens, index, ...others);
    const [src, width] = ['src', 'width'].map((name) => tokens[index].attrGet(name));
    return Number(width) > WIDE_PICTURE ? `<a class="picture" href="${src}">${picture}</a>` : picture;
  };
  rules.table_close = () => '</table></div>\n';
  return md;
}

/** Equal headings have numbers, as on code hosts. */
function addAnchors(tokens) {
  const seen = new Map();
  tokens.forEach((token, index) => {
    if (token.type !== 'heading_open') return;
    const anchor = anchorOf(textOf(tokens[index + 1]));
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    token.attrSet('id', count === 0 ? anchor : `${anchor}-${count}`);
  });
}

/**
 * Tables scroll in their own box, whose name is unique on a page. Cells of the head without text are no headers, and
 * columns of types have a class.
 */
function labelTables(tokens) {
  let count = 0;
  let column = 0;
  let types = -1;
  tokens.forEach((token, index) => {
    if (token.type === 'table_open') {
      token.meta = { label: `Table ${++count}` };
      types = -1;
    }
    if (token.type === 'tr_open') column = 0;
    if (token.type !== 'th_open' && token.type !== 'td_open') return;
    const { content } = tokens[index + 1];
    if (token.type === 'th_open' && content === '') for (const cell of [token, tokens[index + 2]]) cell.tag = 'td';
    if (token.type === 'th_open' && content === 'Type') types = column;
    if (token.type === 'td_open' && types === column) token.attrSet('class', 'type');
    column++;
  });
}

/** The plain text of an inline token. */
const textOf = (inline) =>
  (inline.children ?? [])
    .map(({ type, content }) => (['softbreak', 'hardbreak'].includes(type) ? ' ' : content))
    .join('');

/** Links whose text is the name of a file have the name of its page. */
function nameLinks(children, file) {
  children.forEach((token, index) => {
    const text = children[index + 1];
    if (token.type !== 'link_open' || !/^[\w/.-]+\.md$/u.test(text?.content ?? '')) return;
    const target = normalize(join(dirname(file), token.attrGet('href').split('#')[0]));
    const guide = GUIDES.find((each) => each.file === target);
    if (guide) text.content = guide.label;
  });
}

/** Links between Markdown files lead to their pages. */
function rewriteLink(token, file, addresses) {
  const href = token.attrGet('href');
  if (/^(?:[a-z]+:|#)/u.test(href)) return;
  const [path, anchor] = href.split('#');
  const target = normalize(join(dirname(file), path));
  const address =
    addresses.get(target) ?? (target.startsWith('docs/images/') ? target.slice('docs'.length) : undefined);
  // Other files of the repository are not on the site.
  token.attrSet('href', address === undefined ? '' : `${address}${anchor ? `#${anchor}` : ''}`);
}

/** Removes links without an address, and keeps their text. */
function removeDeadLinks(tokens) {
  for (const token of tokens) {
    if (!token.children) continue;
    const open = [];
    token.children = token.children.filter((child) => {
      if (child.type === 'link_open') open.push(child.attrGet('href') !== '');
      return child.type === 'link_open' ? open.at(-1) : child.type === 'link_close' ? open.pop() : true;
    });
  }
}

function rewriteImage(token, file, sizes) {
  const address = normalize(join(dirname(file), token.attrGet('src'))).replace(/^docs/u, '');
  const size = sizes.get(address);
  if (!size) throw new Error(`${file}: picture not found: ${address}`);
  const scale = size.width < SMALL_PICTURE ? 2 : 1;
  token.attrSet('src', address);
  token.attrSet('width', String(scale * size.width));
  token.attrSet('height', String(scale * size.height));
  token.attrSet('loading', 'lazy');
  token.attrSet('decoding', 'async');
  if (scale > 1) token.attrSet('class', 'pixels');
}

/**
 * The parts of a page: its title, its headings, and below each of them sentences (`text`), and tables and code (`more`).
 * @param md prepared by `configureMarkdown`
 */
export function outlineOf(md, source, file) {
  const tokens = md.parse(source, { file });
  const sections = [];
  let isInTable = false;
  tokens.forEach((token, index) => {
    if (token.type === 'heading_open')
      sections.push({
        level: Number(token.tag.slice(1)),
        anchor: token.attrGet('id'),
        heading: textOf(tokens[index + 1]),
        text: '',
        more: '',
      });
    const section = sections.at(-1);
    if (token.type.startsWith('table_')) isInTable = token.type === 'table_open';
    if (!section || tokens[index - 1]?.type === 'heading_open') return;
    const isCode = token.type === 'code_block' || token.type === 'fence';
    if (token.type !== 'inline' && !isCode) return;
    const words = (isCode ? token.content : textOf(token)).trim().replaceAll(/\s+/gu, ' ');
    const key = isCode || isInTable ? 'more' : 'text';
    section[key] = `${section[key]} ${words}`.trim();
  });
  return { title: sections[0]?.heading ?? file, sections };
}
