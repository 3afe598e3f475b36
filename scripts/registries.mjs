/**
 * Lists the files of each registry folder in its `index.ts`, so that a new operator, metric or data set is one new
 * file. `node scripts/registries.mjs` writes the lists; with `--check` it reports those that are out of date and exits
 * with status 1.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Folders under src whose index exports everything that their files export. */
const REGISTRIES = ['engine/operators', 'metrics/catalog', 'data/datasets'];

const isEntry = (file) => file.endsWith('.ts') && file !== 'index.ts' && file !== 'index.node.ts';

let stale = 0;
for (const registry of REGISTRIES) {
  const folder = new URL(`../src/${registry}/`, import.meta.url);
  if (!existsSync(folder)) continue;
  const files = readdirSync(folder).filter(isEntry).sort();
  // A registry of files that need Node needs Node as well, so its name ends in .node.ts.
  const index = new URL(files.some((file) => file.endsWith('.node.ts')) ? 'index.node.ts' : 'index.ts', folder);
  const lines = files.map((file) => `export * from './${file.replace(/\.ts$/, '.js')}';`);
  const listing = [`// Written by scripts/registries.mjs.`, ...lines, ''].join('\n');
  if (existsSync(index) && readFileSync(index, 'utf8') === listing) continue;
  if (process.argv.includes('--check')) {
    console.error(`src/${registry}: the index does not list the files of its folder; run npm run build`);
    stale = 1;
  } else writeFileSync(index, listing);
}
process.exitCode = stale;
