import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { hasImageExtension, IMAGE_KINDS } from '../images/decode.node.js';
import { fileItems, forEachConcurrently } from './decoding/imageItems.node.js';
import type { NamedOptions } from './decoding/openCollection.node.js';
import { describeUnsupported } from './imageNames.js';
import { openImageFiles, sampledFormat } from './imageFiles.node.js';
import type { ImageFormat, ImageSource, SkippedImage } from './source.js';

export async function openFolder(path: string, format: ImageFormat, options: NamedOptions): Promise<ImageSource> {
  const { names, skipped, unsupported } = await findImages(path);
  const found = await fileItems(path, names);
  return openImageFiles({ ...found, skipped: [...skipped, ...found.skipped], unsupported }, format, options);
}

export const folderFormat = async (path: string): Promise<ImageFormat> =>
  sampledFormat((await findImages(path)).names.map((name) => () => join(path, name)));

const CONCURRENT_FOLDERS = 32;

export interface FoundImages {
  /** Paths below the folder, separated by `/`, in an order that depends on neither language nor system. */
  readonly names: readonly string[];
  /** Folders and links that could not be read. */
  readonly skipped: readonly SkippedImage[];
  /** Describes images and archives in unsupported formats; empty if there are none. */
  readonly unsupported: string;
}

interface Folder {
  /** Below the root; '' for the root itself. */
  readonly name: string;
  /** Without links; identifies the folder. */
  readonly real: string;
}

/**
 * Finds visible files with an image's extension at any depth, and follows links. A folder that several paths lead to is
 * read once, under its own name if it is below the root.
 * @throws {InputError} if there is no such folder, it cannot be read, or it has no images
 */
export async function findImages(root: string): Promise<FoundImages> {
  const search = new FolderSearch(root);
  await search.run();
  const { names, skipped } = search;
  const unsupported = describeUnsupported(search.others);
  const [first] = skipped;
  if (names.length > 0)
    return {
      names: names.sort(byCodeUnits),
      skipped: skipped.sort((a, b) => byCodeUnits(a.name, b.name)),
      unsupported,
    };
  const reasons = [unsupported, first ? `${first.name} cannot be read (${first.reason})` : ''];
  throw new InputError(
    root,
    [`no images (${IMAGE_KINDS} files) in this folder or below it`, ...reasons]
      .filter((text) => text !== '')
      .join('; '),
  );
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

class FolderSearch {
  readonly names: string[] = [];
  readonly others: string[] = [];
  readonly skipped: SkippedImage[] = [];
  private readonly visited = new Set<string>();
  private folders: Folder[] = [];
  private links: string[] = [];

  constructor(private readonly root: string) {}

  /** Reads level by level, and follows links only when all other folders have been read. */
  async run(): Promise<void> {
    this.add({ name: '', real: await realpath(this.root).catch(() => this.root) }, await this.readRoot());
    while (this.folders.length + this.links.length > 0) {
      if (this.folders.length === 0) await this.followLinks();
      const folders = this.folders.splice(0);
      await forEachConcurrently(folders.length, CONCURRENT_FOLDERS, (index) => this.read(folders[index]!));
    }
  }

  private async readRoot(): Promise<Dirent[]> {
    const found = await stat(this.root).catch((error: unknown) => {
      throw new InputError(this.root, `no such folder (${describeSystemError(error)})`);
    });
    if (!found.isDirectory()) throw new InputError(this.root, 'expected a folder of images but got a file');
    return readdir(this.root, { withFileTypes: true }).catch((error: unknown) => {
      throw new InputError(this.root, `cannot read the folder (${describeSystemError(error)})`);
    });
  }

  private async read(folder: Folder): Promise<void> {
    try {
      this.add(folder, await readdir(join(this.root, folder.name), { withFileTypes: true }));
    } catch (error) {
      this.skip(folder.name, describeSystemError(error));
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

  private addFile(name: string, isFile: boolean): void {
    if (!hasImageExtension(name)) this.others.push(name);
    else if (isFile) this.names.push(name);
    else this.skip(name, 'it is not a file');
  }

  private visit(folder: Folder): void {
    if (this.visited.has(folder.real)) return;
    this.visited.add(folder.real);
    this.folders.push(folder);
  }

  private async followLinks(): Promise<void> {
    const links = this.links.splice(0).sort(byCodeUnits);
    const targets = new Array<string | undefined>(links.length);
    await forEachConcurrently(links.length, CONCURRENT_FOLDERS, async (index) => {
      targets[index] = await this.folderBehind(links[index]!);
    });
    for (const [index, real] of targets.entries()) if (real !== undefined) this.visit({ name: links[index]!, real });
  }

  /** Returns undefined for a link to a file, which it records. */
  private async folderBehind(name: string): Promise<string | undefined> {
    const path = join(this.root, name);
    try {
      if ((await stat(path)).isDirectory()) return await realpath(path);
      this.addFile(name, true);
    } catch (error) {
      this.skip(name, `the link cannot be followed: ${describeSystemError(error)}`);
    }
    return undefined;
  }

  private skip(name: string, reason: string): void {
    this.skipped.push({ name, reason });
  }
}
