#!/usr/bin/env node
/**
 * Builds the website: static files for any host and any path. It needs the playground (`npm run build:playground`) and
 * the API reference (`npm run docs:api`).
 *
 *     npm run site
 *     node website/build.mjs --out FOLDER --playground FOLDER --api FOLDER
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { fontOf } from '../pages/fontPreload.mjs';
import { serviceWorkerOf } from '../pages/offline/serviceWorker.mjs';
import { readApi } from './api.mjs';
import { deadLinks } from './checkLinks.mjs';
import { writePages } from './eleventy.mjs';
import { copyPlayground } from './playground.mjs';

const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: pathOf('site') },
    playground: { type: 'string', default: pathOf('build/playground') },
    api: { type: 'string', default: pathOf('api') },
  },
});
const [out, playground, api] = [values.out, values.playground, values.api].map((path) => resolve(path));
for (const [folder, file, command] of [
  [playground, 'index.html', 'build:playground'],
  [api, 'README.md', 'docs:api'],
]) {
  if (existsSync(join(folder, file))) continue;
  console.error(`${folder}: not found; run npm run ${command}`);
  process.exit(2);
}
// Eleventy finds its sources from the working directory.
process.chdir(pathOf('.'));

/** Bundles scripts, styles and font. Returns the addresses of scripts and styles by the script's name, and that of the font. */
async function bundle() {
  const client = pathOf('website/client');
  const { output } = await build({
    configFile: false,
    root: client,
    base: './',
    logLevel: 'warn',
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'import', 'module', 'browser', 'default'] },
    build: {
      outDir: out,
      emptyOutDir: true,
      target: 'es2023',
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: { site: join(client, 'site.ts'), home: join(client, 'home.tsx') } },
    },
  });
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]));
  /** Those of a script and of the scripts that it imports, which come first. */
  const stylesOf = (chunk) => [
    ...chunk.imports.flatMap((name) => (chunks.get(name) ? stylesOf(chunks.get(name)) : [])),
    ...(chunk.viteMetadata?.importedCss ?? []),
  ];
  const entries = output.filter((chunk) => chunk.type === 'chunk' && chunk.isEntry);
  return {
    ...Object.fromEntries(
      entries.map((chunk) => [
        chunk.name,
        { script: `/${chunk.fileName}`, styles: [...new Set(stylesOf(chunk))].map((name) => `/${name}`) },
      ]),
    ),
    font: `/${fontOf([...chunks.keys()])}`,
  };
}

/** The home page and the playground use the same files of ONNX Runtime, and the same model of digits. */
function runtimeFiles() {
  const assets = readdirSync(join(playground, 'assets'));
  const find = (pattern) => `/playground/assets/${assets.find((name) => pattern.test(name))}`;
  return {
    mjs: find(/^ort-wasm-simd-threaded-[^.]*\.mjs$/u),
    wasm: find(/^ort-wasm-simd-threaded-[^.]*\.wasm$/u),
    digits: '/playground/digits-model.json',
  };
}

/** Writes the service worker, which keeps the whole site except files that few visitors use. */
function writeServiceWorker() {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(out, file)).isFile(),
  );
  const isKept = (file) => !/asyncify|webgpu|offline\.js$/u.test(file);
  // A page at the root of a folder has two addresses.
  const addresses = files.filter(isKept).flatMap((file) => {
    const [, folder] = /^(.*\/)?index\.html$/u.exec(file) ?? [];
    return file.endsWith('index.html') ? [file, folder ?? './'] : [file];
  });
  const contents = files.map((file) => [file, readFileSync(join(out, file))]);
  writeFileSync(join(out, 'offline.js'), serviceWorkerOf(addresses, contents));
}

const assets = await bundle();
const sections = await writePages(out, assets, runtimeFiles(), readApi(api));
copyPlayground(playground, join(out, 'playground'));
writeFileSync(join(out, 'search.json'), JSON.stringify(sections));
writeServiceWorker();

const dead = deadLinks(out);
if (dead.length > 0) {
  rmSync(join(out, 'index.html'));
  console.error(`dead links:\n${dead.join('\n')}`);
  process.exit(1);
}
console.log(`${out}: ${readdirSync(out, { recursive: true }).length} files, no dead link`);
