/** The API reference: Markdown by TypeDoc, one file per name. It has the same layout as the guides. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** Removes the anchors of rows, lines between sections, and dashes in empty cells. */
const cleaned = (source) =>
  source
    .replaceAll(/<a id="[^"]*"><\/a> |#property-[a-z]+/gu, '')
    .replaceAll(/^\*\*\*$/gmu, '')
    .replaceAll(/\| -(?= \|)/gu, '| ')
    .replace(/^## Modules$/mu, `${INTRODUCTION}$&`);

/** How code gets a name. */
function importOf(name, module, folder) {
  const [entry, namespace] = module.split(' ');
  const isType = !namespace && (folder === 'interfaces' || folder === 'type-aliases');
  return `import ${isType ? 'type ' : ''}{ ${namespace ?? name} } from '${entry}'`;
}

/** @param path such as `agenet/engine/functions/adam.md` or `agenet/namespaces/layers/README.md` */
function documentOf(root, path) {
  const parts = path.replace(/\.md$/u, '').split('/');
  const name = parts.pop();
  const folder = parts.at(-1) in KINDS ? parts.pop() : undefined;
  const module = parts.join('/').replace('/namespaces/', ' ');
  const file = `api/${path}`;
  return {
    file,
    address: `/${file.replace('README', 'index').replace(/md$/u, 'html')}`,
    source: cleaned(readFileSync(join(root, path), 'utf8')),
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
  const documents = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => documentOf(root, path))
    .sort((a, b) => a.label.localeCompare(b.label, 'en'));
  const names = documents.filter(({ folder }) => folder);
  const modules = documents.filter(({ folder }) => !folder).sort((a, b) => a.module.localeCompare(b.module, 'en'));
  return documents.map((document) => ({ ...document, menu: menuOf(document, modules, names) }));
}
