/** Builds the playground into `build/playground`: static files for any host and any path. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { writeDigits } from '../../scripts/playgroundData.mjs';
import { fontPreload } from '../fontPreload.mjs';
import { serviceWorkerOf } from '../offline/serviceWorker.mjs';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));

// Before the folder `public` is served or copied.
writeDigits(pathOf('public/digits.gz'));

export default defineConfig({
  root: pathOf('.'),
  // Relative addresses, so that the files work under any path.
  base: './',
  // The files of ONNX Runtime are assets, loaded when a graph is first compiled.
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'import', 'module', 'browser', 'default'] },
  worker: { format: 'es' },
  build: {
    outDir: pathOf('../../build/playground'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2023',
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    // The script of ONNX Runtime is a file of its own, apart from the playground's code.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'ort', test: /onnxruntime-web/u }] } } },
  },
  preview: { headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } },
  plugins: [withoutPolicy(), fontPreload(), offline()],
});

/** Development needs inline scripts and styles. */
function withoutPolicy() {
  return {
    name: 'without-policy',
    apply: 'serve',
    transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[\s\S]*?\/>/u, ''),
  };
}

/** Writes `offline.js`, a service worker with a list of the files of the build. */
function offline() {
  return {
    name: 'offline',
    apply: 'build',
    // After Vite has added index.html.
    enforce: 'post',
    generateBundle(_, bundle) {
      const given = readdirSync(pathOf('public'));
      // The build of ONNX Runtime for WebGPU is large, and few visitors use it.
      const isKept = (file) => file !== 'index.html' && !file.includes('asyncify') && !file.includes('webgpu');
      const addresses = new Set(['./', ...Object.keys(bundle), ...given].filter(isKept));
      const contents = [
        ...Object.values(bundle).map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]),
        ...given.map((file) => [file, readFileSync(pathOf(`public/${file}`))]),
      ];
      this.emitFile({ type: 'asset', fileName: 'offline.js', source: serviceWorkerOf(addresses, contents) });
    },
  };
}
