/** Chromium, and static hosts for it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { rolldown, type RolldownOutput } from 'rolldown';

/** The second one has a user interface, which takes a quarter more time. */
const INSTALLED = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

const CHROMIUM = process.env.CHROMIUM ?? INSTALLED.find(existsSync);

/** Whether Chromium is installed. */
export const hasChromium = CHROMIUM !== undefined && existsSync(CHROMIUM);

/** WebGPU on software Vulkan. Everything else is slower with it. */
export const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

/** How long pages may take on a machine that does much else, ms. */
const PATIENCE = 90_000;

export async function launch(gpu: readonly string[] = ['--disable-gpu']): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-background-networking', ...gpu];
  const browser = await chromium.launch({ ...(CHROMIUM && { executablePath: CHROMIUM }), args });
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(PATIENCE);
    return context;
  };
  return browser;
}

const TYPES: Record<string, string> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  png: 'image/png',
  wasm: 'application/wasm',
  json: 'application/json',
  webp: 'image/webp',
};

/** A host of static files. */
export interface StaticHost {
  /** `http://127.0.0.1:PORT/`. */
  address: string;
  close: () => void;
}

/** What isolates a page from other origins, so that it can have threads. */
const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/**
 * Serves folders, each under the path that is its key: '' or `name/`.
 * @param options how
 * @param options.isIsolated whether pages are isolated from other origins (default: false)
 */
export async function serve(folders: Record<string, string>, { isIsolated = false } = {}): Promise<StaticHost> {
  const server = createServer((request, response) => {
    if (isIsolated) response.setHeaders(new Map(Object.entries(ISOLATION)));
    const path = normalize(new URL(request.url!, 'http://host').pathname).slice(1);
    const prefix = Object.keys(folders).find((key) => key !== '' && path.startsWith(key)) ?? '';
    const folder = folders[prefix];
    const file =
      folder === undefined ? '' : join(folder, path.slice(prefix.length).replace(/(^|\/)$/u, '$1index.html'));
    if (!existsSync(file)) return response.writeHead(404).end();
    response
      .setHeader('content-type', TYPES[file.split('.').at(-1)!] ?? 'application/octet-stream')
      .end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() };
}

/** A page whose script was bundled, in Chromium. */
export interface BundledPage {
  page: Page;
  /** The modules in the bundle, and those that it imports. */
  modules: readonly string[];
  close: () => Promise<void>;
}

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

async function bundle(entry: string, folder: string): Promise<RolldownOutput['output'][number][]> {
  const built = await rolldown({
    input: { [entry]: pathOf(`${entry}.ts`) },
    platform: 'browser',
    resolve: {
      extensionAlias: { '.js': ['.ts', '.js'] },
      conditionNames: ['onnxruntime-web-use-extern-wasm', 'import', 'browser', 'default'],
    },
  });
  const { output } = await built.write({ dir: folder, format: 'es', entryFileNames: '[name].js' });
  await built.close();
  return output;
}

/**
 * Bundles modules of this folder as a web page would, and opens a page with the first.
 * @param entries names without extension; each becomes a script of that name
 * @param variable the global variable that the first sets
 * @param gpu how Chromium uses a GPU (default: not at all)
 */
export async function openBundledPage(
  folder: string,
  entries: readonly string[],
  variable: string,
  gpu?: readonly string[],
): Promise<BundledPage> {
  // Each script has its own bundle, as bundlers make them for workers: a chunk that two shared could run both.
  const output = (await Promise.all(entries.map((entry) => bundle(entry, folder)))).flat();
  writeFileSync(join(folder, 'index.html'), `<!doctype html><script type="module" src="${entries[0]!}.js"></script>`);
  const runtime = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  const host = await serve({ '': folder, 'ort/': runtime, 'golden/': pathOf('../golden') });
  const browser = await launch(gpu);
  const page = await browser.newPage();
  await page.goto(`${host.address}index.html`);
  await page.waitForFunction((name) => name in globalThis, variable);
  return {
    page,
    modules: output.flatMap((chunk) => (chunk.type === 'chunk' ? [...chunk.moduleIds, ...chunk.imports] : [])),
    close: async () => {
      await browser.close();
      host.close();
    },
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Violations of accessibility rules on a page, in each color scheme: the rule, and the first element. Only rules of
 * colors depend on the scheme.
 * @param part the selector of the part to check (default: all)
 */
export async function accessibilityViolations(page: Page, part = 'html'): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const violations: string[] = [];
  for (const [colorScheme, options] of [
    ['light', {}],
    ['dark', { runOnly: ['color-contrast', 'link-in-text-block'] }],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(
      async ([context, rules]) => {
        const { axe } = globalThis as unknown as {
          axe: {
            run: (
              context: string,
              rules: object,
            ) => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
          };
        };
        return (await axe.run(context, rules)).violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
      },
      [part, options] as const,
    );
    violations.push(...found.map((violation) => `${colorScheme}: ${violation}`));
  }
  return violations;
}
