import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { hasImageExtension, IMAGE_KINDS } from '../images/decode.node.js';
import { mapConcurrently } from './decoding/imageItems.node.js';
import { describeUnsupported } from './imageNames.js';
import type { SkippedImage } from './source.js';

const CONCURRENT_FOLDERS = 32;

/**
 * Finds visible files with an image's extension at any depth, and follows links.
 * @returns `names`, sorted paths below the root; `skipped`, what cannot be read; and `unsupported`, for a message
 */
export async function findImages(root: string) {
  const { names, others, skipped } = await searchFolder(root);
  const unsupported = describeUnsupported(others);
  if (names.length > 0) {
    skipped.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { names: names.sort(), skipped, unsupported };
  }
  const [first] = skipped;
  const problems = [
    `no images (${IMAGE_KINDS} files) in this folder or below it`,
    unsupported,
    first ? `${first.name} cannot be read (${first.reason})` : '',
  ];
  throw new InputError(root, problems.filter((text) => text !== '').join('; '));
}

interface Folder {
  /** Below the root; '' for the root itself. */
  name: string;
  /** The path without links, which identifies the folder. */
  real: string;
}

async function searchFolder(root: string) {
  const [names, others, links]: [string[], string[], string[]] = [[], [], []];
  const skipped: SkippedImage[] = [];
  const folders: Folder[] = [];
  const visited = new Set<string>();
  const visit = (folder: Folder) => {
    if (!visited.has(folder.real)) folders.push(folder);
    visited.add(folder.real);
  };
  const addFile = (name: string, isFile: boolean) => {
    if (!hasImageExtension(name)) others.push(name);
    else if (isFile) names.push(name);
    else skipped.push({ name, reason: 'it is not a file' });
  };
  const addEntries = (folder: Folder, entries: Awaited<ReturnType<typeof readRoot>>) => {
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const name = folder.name === '' ? entry.name : `${folder.name}/${entry.name}`;
      if (entry.isDirectory()) visit({ name, real: join(folder.real, entry.name) });
      else if (entry.isSymbolicLink()) links.push(name);
      else addFile(name, entry.isFile());
    }
  };
  const read = async (folder: Folder) => {
    try {
      addEntries(folder, await readdir(join(root, folder.name), { withFileTypes: true }));
    } catch (error) {
      skipped.push({ name: folder.name, reason: describeSystemError(error) });
    }
  };
  const follow = async (name: string) => {
    const path = join(root, name);
    try {
      if ((await stat(path)).isDirectory()) return { name, real: await realpath(path) };
      addFile(name, true);
    } catch (error) {
      skipped.push({ name, reason: `the link cannot be followed: ${describeSystemError(error)}` });
    }
    return undefined;
  };
  const top = { name: '', real: await realpath(root).catch(() => root) };
  visited.add(top.real);
  addEntries(top, await readRoot(root));
  do {
    while (folders.length > 0) await mapConcurrently(folders.splice(0), CONCURRENT_FOLDERS, read);
    // Links are followed last, so that a folder is not named by a link to it.
    const linked = await mapConcurrently(links.splice(0).sort(), CONCURRENT_FOLDERS, follow);
    linked.filter((folder) => folder !== undefined).forEach(visit);
  } while (folders.length > 0);
  return { names, others, skipped };
}

async function readRoot(root: string) {
  const found = await stat(root).catch((error: unknown) => {
    throw new InputError(root, `no such folder (${describeSystemError(error)})`);
  });
  if (!found.isDirectory()) throw new InputError(root, 'expected a folder of images but got a file');
  return readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    throw new InputError(root, `cannot read the folder (${describeSystemError(error)})`);
  });
}
