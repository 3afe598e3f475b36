/** Chromium, and static hosts for it. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Whether Chromium is installed. */
export const hasChromium = existsSync(CHROMIUM);

/** Chromium with WebGPU on software Vulkan. */
const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-background-networking', ...WEBGPU] });

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  css: 'text/css',
  png: 'image/png',
  wasm: 'application/wasm',
};

/** A host of static files. */
export interface StaticHost {
  /** `http://127.0.0.1:PORT/`. */
  readonly address: string;
  readonly close: () => void;
}

/** Serves folders, each under the path that is its key: '' or `name/`. */
export async function serve(folders: Readonly<Record<string, string>>): Promise<StaticHost> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url!, 'http://host').pathname).slice(1);
    const prefix = Object.keys(folders).find((key) => key !== '' && path.startsWith(key)) ?? '';
    const file = join(folders[prefix]!, path.slice(prefix.length));
    if (!existsSync(file)) return response.writeHead(404).end();
    response.setHeader('content-type', TYPES[file.split('.').at(-1)!] ?? 'application/octet-stream').end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() };
}
