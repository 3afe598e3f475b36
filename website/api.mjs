/** The API reference: Markdown by TypeDoc, one file per name. It has the same layout as the guides. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Kinds of names by their folders, which are also anchors of the page of a module. */
const KINDS = {
  functions: 'Functions',
  classes: 'Classes',
  interfaces: 'Interfaces',
  'type-aliases': 'Types',
  variables: 'Variables',
};

const INTRODUCTION = `Every function, class and type of the library, by module. Examples of their use are in the guide
[Library](../docs/library.md).\n\n`;

/** Removes anchors of rows and lines between sections, and gathers what a function throws in one list. */
const cleaned = (source) =>
  source
    .replaceAll(/<a id="[^"]*"><\/a> |#property-[a-z]+/gu, '')
    .replaceAll(/^\*\*\*$/gmu, '')
    .replaceAll(/^#+ Throws\n(?:(?!#).*\n|#+ Throws\n)*/gmu, (cases) => {
      const [heading] = cases.split('\n');
      const items = cases.split(/^#+ Throws$/mu).map((text) => text.trim());
      return `${heading}\n\n${items.filter(Boolean).map(listItem).join('')}\n`;
    })
    .replaceAll('__namedParameters', 'options')
    .replaceAll(/\| -(?= \|)/gu, '| ')
    .replace(/^## Modules$/mu, `${INTRODUCTION}$&`);

const capitalized = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const listItem = (text) => `- ${capitalized(text)}${text.endsWith('.') ? '' : '.'}\n`;

/** The first sentence of a document after its title and its declaration, without links; empty if there is none. */
function summaryOf(source) {
  const [paragraph] = source.replace(/^# [^\n]*\n+(?:```.*?```\n+)?/su, '').split(/\n\n|\n?$/u);
  if (/^[#|>-]/u.test(paragraph)) return '';
  const [sentence] = /^.*?[.:](?=\s|$)/su.exec(paragraph) ?? [''];
  return sentence
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
    .replaceAll('\n', ' ')
    .replace(/:$/u, '.');
}

const cellsOf = (row) =>
  row
    .split(/(?<!\\)\|/u)
    .slice(1, -1)
    .map((cell) => cell.trim());

/**
 * Tables of parameters and properties without empty columns. Where a description is missing, that of the type stands.
 * @param describe the summary of a document by its path relative to this one
 */
const withDescriptions = (source, describe) =>
  source.replaceAll(/^\| (?:Parameter|Property) \| Type \|.*\n(?:\|.*\n?)+/gmu, (table) => {
    const [head, , ...rows] = table.trimEnd().split('\n').map(cellsOf);
    const described = rows.map(([name, type, ...others]) => {
      const [value = '', text = ''] = head[2] === 'Default value' ? others : ['', ...others];
      const [, path] = /^\[`\w+`\]\(([^)#]*)\)$/u.exec(type) ?? [];
      return [name, type, value === '`undefined`' ? '' : value, capitalized(text || describe(path))];
    });
    const columns = [head[0], 'Type', 'Default', 'Description'];
    const isShown = columns.map((_, column) => column < 2 || described.some((row) => row[column] !== ''));
    return [columns, columns.map(() => '---'), ...described]
      .map((row) => `| ${row.filter((_, column) => isShown[column]).join(' | ')} |\n`)
      .join('');
  });

/** How code gets a name. */
function importOf(name, module, folder) {
  const [entry, namespace] = module.split(' ');
  const isType = !namespace && (folder === 'interfaces' || folder === 'type-aliases');
  return `import ${isType ? 'type ' : ''}{ ${namespace ?? name} } from '${entry}'`;
}

/**
 * @param path such as `agenet/engine/functions/adam.md` or `agenet/namespaces/layers/README.md`
 * @param sources of all documents by path
 */
function documentOf(path, sources) {
  const parts = path.replace(/\.md$/u, '').split('/');
  const name = parts.pop();
  const folder = parts.at(-1) in KINDS ? parts.pop() : undefined;
  const module = parts.join('/').replace('/namespaces/', ' ');
  const file = `api/${path}`;
  const describe = (target) => (target === undefined ? '' : summaryOf(sources.get(join(dirname(path), target)) ?? ''));
  return {
    file,
    address: `/${file.replace('README', 'index').replace(/md$/u, 'html')}`,
    source: withDescriptions(cleaned(sources.get(path)), describe),
    module,
    folder,
    label: folder ? name : module || 'Overview',
    part: 'API',
    kind: module === '' ? 'guide' : 'guide api',
    ...(folder && { importedBy: importOf(name, module, folder) }),
  };
}

/** The modules, the kinds of names of a module, and the names of one kind. */
function menuOf({ module, folder }, modules, names) {
  const own = names.filter((each) => each.module === module);
  const { address } = modules.find((each) => each.module === module);
  return [
    { name: 'Modules', guides: modules },
    ...Object.entries(KINDS).flatMap(([key, name]) => {
      const guides = own.filter((each) => each.folder === key);
      if (guides.length === 0) return [];
      return [key === folder ? { name, guides } : { name, address: `${address}#${key}`, guides: [] }];
    }),
  ];
}

/**
 * Reads the documents of the reference.
 * @param root as `npm run docs:api` writes it
 * @returns {{
 *   file: string; address: string; source: string; label: string; importedBy?: string;
 *   menu: { name: string; address?: string; guides: { label: string; address: string }[] }[];
 * }[]}
 */
export function readApi(root) {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
  const sources = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  const documents = paths.map((path) => documentOf(path, sources)).sort((a, b) => a.label.localeCompare(b.label, 'en'));
  const names = documents.filter(({ folder }) => folder);
  const modules = documents.filter(({ folder }) => !folder).sort((a, b) => a.module.localeCompare(b.module, 'en'));
  return documents.map((document) => ({ ...document, menu: menuOf(document, modules, names) }));
}
