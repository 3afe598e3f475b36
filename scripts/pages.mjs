/**
 * Bundles the page of exports, `pages/explorer`, into `dist/pages/explorer`, as scripts that a page opened from a file
 * can load.
 */
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
/** The license of pure-rand, with the same terms as ONNX Runtime, Preact and gifenc. */
const NOTICE = `/*! Contains ONNX Runtime, Copyright (c) Microsoft Corporation, Preact, Copyright (c) Jason Miller, gifenc, Copyright (c) Matt DesLauriers, and pure-rand, all under the MIT License:\n\n${MIT.trim()}\n*/\n`;

mkdirSync(target, { recursive: true });
cpSync(new URL('index.html', source), new URL('index.html', target));
const styles = ['design.css', 'page.css'].map((name) => readFileSync(new URL(`../components/${name}`, source), 'utf8'));
writeFileSync(new URL('page.css', target), styles.join('\n'));
const bundle = await rolldown({
  input: fileURLToPath(new URL('main.tsx', source)),
  platform: 'browser',
  resolve: { extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } },
  // A script that is no module has no address of its own.
  transform: { define: { 'import.meta.url': 'document.baseURI' } },
});
await bundle.write({
  file: fileURLToPath(new URL('page.js', target)),
  format: 'iife',
  minify: true,
  codeSplitting: false,
});
await bundle.close();
const script = new URL('page.js', target);
writeFileSync(script, NOTICE + readFileSync(script, 'utf8'));
writeFileSync(
  new URL('runtime.js', target),
  `${NOTICE}globalThis.agenetRuntime = ${JSON.stringify(gzipSync(readFileSync(runtime)).toString('base64'))};\n`,
);
