import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { CodeDensity } from '../density/codeDensity.js';
import type { NetworkFile } from './networkFiles.js';
import { densityValues, type PageModel } from './pageModel.js';

/** Written by scripts/pages.mjs. */
const BUNDLE = new URL('../../dist/pages/explorer/', import.meta.url);
const STATIC_FILES = ['index.html', 'page.css', 'page.js', 'runtime.js'] as const;

/** Returns a page that runs from any static host or a folder on disk. */
export async function pageFiles(
  model: Omit<PageModel, 'networks' | 'density'>,
  { encoder, generator, decoder = generator }: Partial<Record<NetworkFile, Uint8Array>>,
  density: CodeDensity | undefined,
) {
  const entryOf = async (name: string) => [name, await readFile(fileURLToPath(new URL(name, BUNDLE)))] as const;
  const files = Object.fromEntries(await Promise.all(STATIC_FILES.map(entryOf)));
  const networks = { generator: await compress(decoder!), encoder: await compress(encoder!) };
  const page: PageModel = { ...model, networks, ...(density && { density: await pageDensity(density, model.latent) }) };
  return { ...files, 'model.js': `globalThis.agenetModel = ${JSON.stringify(page)};\n` };
}

const pageDensity = async (density: CodeDensity, latent: number) => ({
  gaussians: density.means.length / latent,
  codes: density.codes.length / latent,
  values: await compress(new Uint8Array(densityValues(density).buffer)),
});

const compress = async (bytes: Uint8Array) => (await promisify(gzip)(bytes)).toString('base64');
