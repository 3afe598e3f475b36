/** Bundles the pages: each folder of `pages/` into one of `dist/pages/`, as scripts that a page opened from a file can load. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const source = new URL('../pages/explorer/', import.meta.url);
const target = new URL('../dist/pages/explorer/', import.meta.url);
const runtime = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
const LICENSE = '/* Contains ONNX Runtime (c) Microsoft Corporation, MIT License: https://github.com/microsoft/onnxruntime/blob/main/LICENSE */\n';

mkdirSync(target, { recursive: true });
for (const file of ['index.html', 'page.css']) cpSync(new URL(file, source), new URL(file, target));
const bundle = await rolldown({
  input: fileURLToPath(new URL('main.ts', source)),
  platform: 'browser',
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  // A script that is no module has no address of its own.
  transform: { define: { 'import.meta.url': 'document.baseURI' } },
});
await bundle.write({ file: fileURLToPath(new URL('page.js', target)), format: 'iife', minify: true, codeSplitting: false, banner: LICENSE });
await bundle.close();
writeFileSync(new URL('runtime.js', target), `${LICENSE}globalThis.agenetRuntime = ${JSON.stringify(gzipSync(readFileSync(runtime)).toString('base64'))};\n`);
