/** Checks the links of a folder of pages: that each file and each anchor exists, and that no address leaves the folder. */
import { Parser } from 'htmlparser2';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Attributes with an address of the site. */
const ADDRESSES = ['href', 'src', 'data-faces', 'data-digits', 'data-mjs', 'data-wasm', 'data-root'];

/** The anchors of a page, and the addresses that it uses. */
function contentsOf(html) {
  const anchors = new Set();
  const links = [];
  new Parser({
    onopentag(_, attributes) {
      for (const name of ['id', 'name']) if (attributes[name]) anchors.add(attributes[name]);
      for (const name of ADDRESSES) if (attributes[name] !== undefined) links.push(attributes[name]);
    },
  }).end(html);
  return { anchors, links };
}

/** Returns one line per dead link of a folder. */
export function deadLinks(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(?:html|svg)$/u.test(file),
  );
  const pages = new Map(files.map((file) => [file, contentsOf(readFileSync(join(folder, file), 'utf8'))]));
  const problemOf = (file, link) => {
    if (/^(?:https?|mailto|data|blob):/u.test(link)) return undefined;
    if (link.startsWith('/')) return 'starts at the root of the host';
    const { pathname, hash } = new URL(link, `file:///site/${file}`);
    const path = relative('/site', decodeURIComponent(pathname));
    if (path.startsWith('..')) return 'leaves the site';
    const target = join(folder, path);
    if (!existsSync(target)) return 'no such file';
    const page = statSync(target).isDirectory() ? join(path, 'index.html') : path;
    if (!existsSync(join(folder, page))) return 'no such page';
    const anchor = decodeURIComponent(hash.slice(1));
    // The pages of the playground have addresses behind `#/`.
    if (anchor === '' || anchor.startsWith('/') || pages.get(page)?.anchors.has(anchor)) return undefined;
    return 'no such anchor';
  };
  return [...pages].flatMap(([file, { links }]) =>
    [...new Set(links)].flatMap((link) => {
      const problem = problemOf(file, link);
      return problem === undefined ? [] : [`${file}: ${link}: ${problem}`];
    }),
  );
}
