import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { decodeImage, hasImageExtension, IMAGE_KINDS, loadSharp } from '../images/decode.node.js';
import { fileItems, forEachConcurrently } from './decoding/imageItems.node.js';
import { openCollection, type OpenOptions } from './decoding/openCollection.node.js';
import { folderClasses } from './imageNames.js';
import type { ImageFormat, ImageSource, SkippedImage } from './source.js';

const LARGE_SIZE = 64;
const SMALL_SIZE = 32;
/** Images below this size are closer to 32x32 than to 64x64 in proportion. */
const SIZE_LIMIT = 45;
/** Number of images in the sample. */
const SAMPLE = 64;
const SAMPLE_SIZE = 32;
const SAMPLE_DECODINGS = 8;
/** Difference between red, green and blue that color profiles leave in grayscale images. */
const GRAYSCALE_TOLERANCE = 2;

/**
 * Opens the images at any depth below a folder as a data set. Its top-level folders are classes if there are two or more and every image is in
 * one.
 * @throws {InputError} if there are no images, or none that can be decoded
 */
export async function openFolder(
  path: string,
  format: ImageFormat,
  options: OpenOptions & { readonly name: string },
): Promise<ImageSource> {
  const { name } = options;
  const found = await findImages(path);
  const classes = folderClasses(found.names);
  if ('none' in classes && classes.none !== '') options.onWarning?.(`${name}: ${classes.none}`);
  const { items, skipped } = await fileItems(path, found.names, 'none' in classes ? () => null : classes.labelOf);
  const collection = {
    name,
    items,
    skipped: [...found.skipped, ...skipped],
    ...('none' in classes ? {} : { classNames: classes.names }),
  };
  return openCollection(collection, format, options);
}

/**
 * Returns the native format of a folder, by a sample of its images: grayscale if all of them are, and 32x32 if most are about that small,
 * otherwise 64x64.
 * @throws {InputError} if it has no images
 */
export async function folderFormat(path: string): Promise<ImageFormat> {
  const sample = await sampleImages(path, (await findImages(path)).names);
  const sides = sample.map(({ side }) => side).sort((a, b) => a - b);
  const isSmall = sides.length > 0 && sides[Math.floor(sides.length / 2)]! < SIZE_LIMIT;
  return {
    size: isSmall ? SMALL_SIZE : LARGE_SIZE,
    channels: sample.length > 0 && sample.every(({ isGrayscale }) => isGrayscale) ? 1 : 3,
  };
}

interface SampledImage {
  /** By its pixels, because many grayscale images are stored as RGB. */
  readonly isGrayscale: boolean;
  /** Shorter side in pixels. */
  readonly side: number;
}

/** Examines images from all over the list, without those that cannot be decoded. */
async function sampleImages(root: string, names: readonly string[]): Promise<SampledImage[]> {
  const count = Math.min(SAMPLE, names.length);
  const sample = new Array<SampledImage | undefined>(count);
  await forEachConcurrently(count, SAMPLE_DECODINGS, async (position) => {
    const file = join(root, names[Math.floor((position * names.length) / count)]!);
    const decoded = await decodeImage(file, { size: SAMPLE_SIZE, channels: 3, crop: 'stretch' });
    // The file may be gone by then.
    const header =
      'pixels' in decoded
        ? await loadSharp()(file)
            .metadata()
            .catch(() => undefined)
        : undefined;
    if (!('pixels' in decoded) || header === undefined) return;
    sample[position] = { isGrayscale: hasEqualPlanes(decoded.pixels), side: Math.min(header.width, header.height) };
  });
  return sample.filter((each) => each !== undefined);
}

function hasEqualPlanes(pixels: Uint8Array): boolean {
  const area = pixels.length / 3;
  return pixels.every((value, index) => Math.abs(value - pixels[index % area]!) <= GRAYSCALE_TOLERANCE);
}

const CONCURRENT_FOLDERS = 32;

/** The image files below a folder. */
export interface FoundImages {
  /** Paths below the folder, separated by `/`, in an order that depends neither on language nor on system. */
  readonly names: readonly string[];
  /** Folders and links that could not be read. */
  readonly skipped: readonly SkippedImage[];
}

/** A folder below the root. */
interface Folder {
  /** Path below the root; '' for the root itself. */
  readonly name: string;
  /** Path without links, which identifies the folder. */
  readonly real: string;
}

/**
 * Finds the files with an image's extension at any depth below a folder, except hidden ones. Links are followed. A folder that several paths
 * lead to is read once: under its own name if it is below the root, else under that of the first link to it.
 * @throws {InputError} if there is no such folder, it cannot be read, or there are no images below it
 */
export async function findImages(root: string): Promise<FoundImages> {
  const search = new FolderSearch(root);
  await search.run();
  const { names, skipped } = search;
  if (names.length === 0) {
    const [first] = skipped;
    throw new InputError(
      root,
      `no images (${IMAGE_KINDS} files) in this folder or below it${first ? `; ${first.name} cannot be read (${first.reason})` : ''}`,
    );
  }
  return { names: names.sort(byCodeUnits), skipped: skipped.sort((a, b) => byCodeUnits(a.name, b.name)) };
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

class FolderSearch {
  readonly names: string[] = [];
  readonly skipped: SkippedImage[] = [];
  private readonly visited = new Set<string>();
  private folders: Folder[] = [];
  private links: string[] = [];

  constructor(private readonly root: string) {}

  /** Reads level by level, and follows links when all folders that are reached without them have been read. */
  async run(): Promise<void> {
    const entries = await this.readRoot();
    this.take({ name: '', real: await realpath(this.root) }, entries);
    while (this.folders.length + this.links.length > 0) {
      if (this.folders.length === 0) await this.followLinks();
      const folders = this.folders;
      this.folders = [];
      await forEachConcurrently(folders.length, CONCURRENT_FOLDERS, async (index) => this.read(folders[index]!));
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
      this.take(folder, await readdir(join(this.root, folder.name), { withFileTypes: true }));
    } catch (error) {
      this.skip(folder.name, describeSystemError(error));
    }
  }

  private take(folder: Folder, entries: readonly Dirent[]): void {
    this.visited.add(folder.real);
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const name = folder.name === '' ? entry.name : `${folder.name}/${entry.name}`;
      if (entry.isDirectory()) this.visit({ name, real: join(folder.real, entry.name) });
      else if (entry.isSymbolicLink()) this.links.push(name);
      else if (!hasImageExtension(name)) continue;
      else if (entry.isFile()) this.names.push(name);
      else this.skip(name, 'it is not a file');
    }
  }

  private visit(folder: Folder): void {
    if (this.visited.has(folder.real)) return;
    this.visited.add(folder.real);
    this.folders.push(folder);
  }

  private async followLinks(): Promise<void> {
    const links = this.links.sort(byCodeUnits);
    this.links = [];
    const targets = new Array<string | undefined>(links.length);
    await forEachConcurrently(links.length, CONCURRENT_FOLDERS, async (index) => {
      targets[index] = await this.folderBehind(links[index]!);
    });
    for (const [index, real] of targets.entries()) if (real !== undefined) this.visit({ name: links[index]!, real });
  }

  /** Returns the folder that a link leads to, if it is one. Records a file. */
  private async folderBehind(name: string): Promise<string | undefined> {
    const path = join(this.root, name);
    try {
      const found = await stat(path);
      if (found.isDirectory()) return await realpath(path);
      if (hasImageExtension(name)) this.names.push(name);
    } catch (error) {
      this.skip(name, `the link cannot be followed: ${describeSystemError(error)}`);
    }
    return undefined;
  }

  private skip(name: string, reason: string): void {
    this.skipped.push({ name, reason });
  }
}
