/** Bundles the page of exports, `pages/explorer`, into `dist/pages/explorer`, as scripts that a page opened from a file can load. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const source = new URL('../pages/explorer/', import.meta.url);
const target = new URL('../dist/pages/explorer/', import.meta.url);
const runtime = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
const MIT = readFileSync(
  createRequire(import.meta.url)
    .resolve('pure-rand/package.json')
    .replace('package.json', 'LICENSE'),
  'utf8',
);
/** The license of pure-rand, whose terms are those of ONNX Runtime as well; the package of the latter has no copy of its own. */
const NOTICE = `/*! Contains ONNX Runtime, Copyright (c) Microsoft Corporation, and pure-rand, both under the MIT License:\n\n${MIT.trim()}\n*/\n`;

mkdirSync(target, { recursive: true });
for (const file of ['index.html', 'page.css']) cpSync(new URL(file, source), new URL(file, target));
const bundle = await rolldown({
  input: fileURLToPath(new URL('main.ts', source)),
  platform: 'browser',
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  // A script that is no module has no address of its own.
  transform: { define: { 'import.meta.url': 'document.baseURI' } },
});
await bundle.write({ file: fileURLToPath(new URL('page.js', target)), format: 'iife', minify: true, codeSplitting: false });
await bundle.close();
const script = new URL('page.js', target);
writeFileSync(script, NOTICE + readFileSync(script, 'utf8'));
writeFileSync(new URL('runtime.js', target), `${NOTICE}globalThis.agenetRuntime = ${JSON.stringify(gzipSync(readFileSync(runtime)).toString('base64'))};\n`);
