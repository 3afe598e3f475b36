import type { Dirent } from 'node:fs';
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
 * Finds visible files with an image's extension at any depth, and follows links. Reads a folder once, under its own name if it is below
 * the root.
 * @returns sorted paths below the root; folders and links that cannot be read; a description of unsupported files
 */
export async function findImages(root: string) {
  const search = new FolderSearch(root);
  await search.run();
  const { names, skipped } = search;
  const unsupported = describeUnsupported(search.others);
  const [first] = skipped;
  if (names.length > 0)
    return { names: names.sort(), skipped: skipped.sort((a, b) => (a.name < b.name ? -1 : 1)), unsupported };
  const problem = [
    `no images (${IMAGE_KINDS} files) in this folder or below it`,
    unsupported,
    first ? `${first.name} cannot be read (${first.reason})` : '',
  ];
  throw new InputError(root, problem.filter((text) => text !== '').join('; '));
}

interface Folder {
  /** Below the root; '' for the root itself. */
  readonly name: string;
  /** Without links; identifies the folder. */
  readonly real: string;
}

class FolderSearch {
  readonly names: string[] = [];
  readonly others: string[] = [];
  readonly skipped: SkippedImage[] = [];
  private readonly visited = new Set<string>();
  private folders: Folder[] = [];
  private links: string[] = [];

  constructor(private readonly root: string) {}

  /** Reads level by level, and follows links only when all other folders have been read. */
  async run() {
    this.add({ name: '', real: await realpath(this.root).catch(() => this.root) }, await this.readRoot());
    while (this.folders.length + this.links.length > 0) {
      if (this.folders.length === 0) await this.followLinks();
      await mapConcurrently(this.folders.splice(0), CONCURRENT_FOLDERS, (folder) => this.read(folder));
    }
  }

  private async readRoot() {
    const found = await stat(this.root).catch((error: unknown) => {
      throw new InputError(this.root, `no such folder (${describeSystemError(error)})`);
    });
    if (!found.isDirectory()) throw new InputError(this.root, 'expected a folder of images but got a file');
    return readdir(this.root, { withFileTypes: true }).catch((error: unknown) => {
      throw new InputError(this.root, `cannot read the folder (${describeSystemError(error)})`);
    });
  }

  private async read(folder: Folder) {
    try {
      this.add(folder, await readdir(join(this.root, folder.name), { withFileTypes: true }));
    } catch (error) {
      this.skipped.push({ name: folder.name, reason: describeSystemError(error) });
    }
  }

  private add(folder: Folder, entries: readonly Dirent[]): void {
    this.visited.add(folder.real);
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const name = folder.name === '' ? entry.name : `${folder.name}/${entry.name}`;
      if (entry.isDirectory()) this.visit({ name, real: join(folder.real, entry.name) });
      else if (entry.isSymbolicLink()) this.links.push(name);
      else this.addFile(name, entry.isFile());
    }
  }

  private addFile(name: string, isFile: boolean) {
    if (!hasImageExtension(name)) this.others.push(name);
    else if (isFile) this.names.push(name);
    else this.skipped.push({ name, reason: 'it is not a file' });
  }

  private visit(folder: Folder) {
    if (this.visited.has(folder.real)) return;
    this.visited.add(folder.real);
    this.folders.push(folder);
  }

  private async followLinks() {
    const links = this.links.splice(0).sort();
    const targets = await mapConcurrently(links, CONCURRENT_FOLDERS, (link) => this.folderBehind(link));
    for (const [index, real] of targets.entries()) if (real !== undefined) this.visit({ name: links[index]!, real });
  }

  /** Returns undefined for a link to a file, which it records. */
  private async folderBehind(name: string) {
    const path = join(this.root, name);
    try {
      if ((await stat(path)).isDirectory()) return await realpath(path);
      this.addFile(name, true);
    } catch (error) {
      this.skipped.push({ name, reason: `the link cannot be followed: ${describeSystemError(error)}` });
    }
    return undefined;
  }
}
