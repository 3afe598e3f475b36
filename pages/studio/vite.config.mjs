/** Builds the page of the studio into `dist/pages/studio`, which `agenet studio` serves. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { fontPreload } from '../fontPreload.mjs';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: pathOf('.'),
  base: './',
  // The files of ONNX Runtime are assets, loaded when a model is first explored.
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'import', 'module', 'browser', 'default'] },
  worker: { format: 'es' },
  build: {
    outDir: pathOf('../../dist/pages/studio'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2023',
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
  plugins: [fontPreload()],
});
