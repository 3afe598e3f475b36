import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { hasImageExtension, IMAGE_KINDS } from '../images/decoding.js';
import { forEachConcurrently } from './decoding/concurrency.js';
import type { SkippedImage } from './decoding/imageItem.js';

const FOLDERS_AT_A_TIME = 32;

/** The image files below a folder. */
export interface FoundImages {
  /** Paths from the folder, with `/` between their parts, in an order that is the same everywhere. */
  readonly names: readonly string[];
  /** Folders and links that could not be followed. */
  readonly skipped: readonly SkippedImage[];
}

/** A folder below the root. */
interface Place {
  /** From the root; '' is the root itself. */
  readonly name: string;
  /** Without links in it, by which places are told apart. */
  readonly real: string;
}

/**
 * Finds the files at any depth below a folder whose names end as an image's do, hidden ones left out. Links are followed, and every folder
 * is read once however many ways lead to it: under its own name if it lies below the root, else under that of the first link to it. Throws
 * InputError if there is no such folder, it cannot be read, or there are no images below it.
 */
export async function findImages(root: string): Promise<FoundImages> {
  const search = new FolderSearch(root);
  await search.run();
  const { names, skipped } = search;
  if (names.length === 0) {
    const [first] = skipped;
    throw new InputError(
      `${root}: there are no images in this folder or below it (${IMAGE_KINDS} files)${first ? `; ${first.name} cannot be read (${first.reason})` : ''}`,
    );
  }
  return { names: names.sort(byCodeUnits), skipped: skipped.sort((a, b) => byCodeUnits(a.name, b.name)) };
}

/** Neither language nor system change this order. */
const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

class FolderSearch {
  readonly names: string[] = [];
  readonly skipped: SkippedImage[] = [];
  private readonly visited = new Set<string>();
  private places: Place[] = [];
  private links: string[] = [];

  constructor(private readonly root: string) {}

  /** Level by level; links only when all folders that are reached without them are read. */
  async run(): Promise<void> {
    const entries = await this.readRoot();
    this.take({ name: '', real: await realpath(this.root) }, entries);
    while (this.places.length + this.links.length > 0) {
      if (this.places.length === 0) await this.followLinks();
      const places = this.places;
      this.places = [];
      await forEachConcurrently(places.length, FOLDERS_AT_A_TIME, async (index) => this.read(places[index]!));
    }
  }

  private async readRoot(): Promise<Dirent[]> {
    const found = await stat(this.root).catch((error: unknown) => {
      throw new InputError(`${this.root}: there is no such folder of images (${describeSystemError(error)})`);
    });
    if (!found.isDirectory()) throw new InputError(`${this.root}: is a file, not a folder of images`);
    return readdir(this.root, { withFileTypes: true }).catch((error: unknown) => {
      throw new InputError(`${this.root}: the folder cannot be read (${describeSystemError(error)})`);
    });
  }

  private async read(place: Place): Promise<void> {
    try {
      this.take(place, await readdir(join(this.root, place.name), { withFileTypes: true }));
    } catch (error) {
      this.leaveOut(place.name, describeSystemError(error));
    }
  }

  private take(place: Place, entries: readonly Dirent[]): void {
    this.visited.add(place.real);
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const name = place.name === '' ? entry.name : `${place.name}/${entry.name}`;
      if (entry.isDirectory()) this.visit({ name, real: join(place.real, entry.name) });
      else if (entry.isSymbolicLink()) this.links.push(name);
      else if (!hasImageExtension(name)) continue;
      else if (entry.isFile()) this.names.push(name);
      else this.leaveOut(name, 'it is not a file');
    }
  }

  private visit(place: Place): void {
    if (this.visited.has(place.real)) return;
    this.visited.add(place.real);
    this.places.push(place);
  }

  private async followLinks(): Promise<void> {
    const links = this.links.sort(byCodeUnits);
    this.links = [];
    const targets = new Array<string | undefined>(links.length);
    await forEachConcurrently(links.length, FOLDERS_AT_A_TIME, async (index) => {
      targets[index] = await this.folderBehind(links[index]!);
    });
    for (const [index, real] of targets.entries()) if (real !== undefined) this.visit({ name: links[index]!, real });
  }

  /** The folder that a link leads to, if it is one; a file is noted at once. */
  private async folderBehind(name: string): Promise<string | undefined> {
    const path = join(this.root, name);
    try {
      const found = await stat(path);
      if (found.isDirectory()) return await realpath(path);
      if (hasImageExtension(name)) this.names.push(name);
    } catch (error) {
      this.leaveOut(name, `the link cannot be followed: ${describeSystemError(error)}`);
    }
    return undefined;
  }

  private leaveOut(name: string, reason: string): void {
    this.skipped.push({ name, reason });
  }
}
