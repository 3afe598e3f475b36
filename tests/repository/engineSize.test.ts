import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles all that a page gets with the engine and `compile`, except ONNX Runtime. */
async function bundleEngine() {
  const entry = `${root}engineInPage.js`;
  const bundle = await rolldown({
    input: entry,
    platform: 'browser',
    external: /^onnxruntime/u,
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) =>
          id === entry
            ? "export * from './src/engine/index.js'; export { compile, configureRuntime } from './src/engine/runtime/web.js';"
            : null,
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  return output.filter((chunk) => chunk.type === 'chunk');
}

it('the engine in a page has less than 60 kB, and no images and no method', async () => {
  const chunks = await bundleEngine();
  const bytes = chunks.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(60_000);
  const own = chunks
    .flatMap(({ moduleIds }) => moduleIds)
    .filter((id) => id.startsWith(`${root}src/`))
    .map((id) => id.slice(`${root}src/`.length));
  expect(own.filter((id) => !id.startsWith('engine/')).sort()).toEqual(['errors.ts', 'printable.ts']);
});
