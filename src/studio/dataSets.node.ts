/** Data that runs can be started on: known by name, given to the studio at its start, or uploaded. */
import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import sharp from 'sharp';
import { DATASETS } from '../data/open.node.js';
import { InputError, setting } from '../errors.js';
import { makeFolder, numbered, wrapWriteErrors, writeAndSync } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import type { OwnFolder } from '../runs/ownFolder.node.js';
import { type DataCounts, type DataSet, runName } from './schemas.js';
import { type Program, runCommand } from './commandOutput.node.js';
import { STUDIO_FOLDER, UPLOADS } from './folders.js';
import { withoutPaths } from './shownPaths.node.js';

export const UPLOAD_LIMITS = {
  /** Of a request. */
  bytes: 64 * 2 ** 20,
  /** Of a request, and of a data set. */
  images: 1000,
  imagesInAll: 50_000,
  /** Pixels of an image: a small file can contain a huge one. */
  pixels: 50_000_000,
} as const;

const FORMATS: readonly string[] = ['jpeg', 'png', 'webp', 'gif'];

/** A result of `agenet dataset --json`. */
interface Described {
  readonly name: string;
  readonly size: readonly number[];
  readonly channels: number;
  readonly train: number;
  readonly test: number;
  readonly per_class?: readonly number[] | null;
  readonly class_names?: readonly string[] | null;
  readonly skipped: readonly unknown[];
}

interface Description {
  readonly counts: DataCounts;
  /** An image grid as PNG. */
  readonly preview: Uint8Array;
}

type Size = Pick<NonNullable<DataSet['upload']>, 'images' | 'bytes'>;

export class DataSets {
  private readonly described = new Map<string, Promise<Description>>();
  private readonly sizes = new Map<string, { readonly changed: number; readonly size: Size }>();
  /** Data specs of other data than uploads, by the names that a page sees. */
  private readonly others: ReadonlyMap<string, string>;
  private changing: Promise<unknown> = Promise.resolve();

  /**
   * @param root the folder of the studio
   * @param given data specs
   */
  constructor(
    private readonly root: OwnFolder,
    private readonly program: Program,
    given: readonly string[],
  ) {
    const others = new Map<string, string>();
    for (const spec of new Set(given)) {
      const name = withoutPaths(spec, root.path);
      let distinct = name;
      for (let count = 2; others.has(distinct); count++) distinct = `${name} (${count})`;
      others.set(distinct, spec);
    }
    for (const { name, path } of DATASETS) if (path === '' || path.startsWith('[')) others.set(name, name);
    this.others = others;
  }

  /** Requests name data by these names. */
  async list(): Promise<DataSet[]> {
    const names = await this.root
      .below(UPLOADS)
      .list()
      .catch(() => []);
    const uploads = await Promise.all(names.filter(isName).map((name) => this.uploaded(name)));
    return [
      ...uploads.filter((each) => each !== undefined),
      ...Array.from(this.others.keys(), (name) => ({ name, upload: null })),
    ];
  }

  /**
   * Returns the data spec of a name in the list.
   * @throws {InputError} if it is not in the list
   */
  async specOf(name: string): Promise<string> {
    const uploaded = this.uploadOf(resolve(this.root.path, name));
    if (name === `${UPLOADS}/${uploaded}` && (await this.root.below(UPLOADS, uploaded!).isIntact()))
      return this.pathOf(uploaded!);
    const spec = this.others.get(name);
    if (spec === undefined) throw notOffered(name);
    return spec;
  }

  /** Returns the name of data in the list, or what a page may see of its spec. */
  nameOf(spec: string): string {
    return this.offeredName(spec) ?? withoutPaths(spec, this.root.path);
  }

  /**
   * Returns the spec of data that a run names, which may be any path.
   * @throws {InputError} if it is not in the list
   */
  requireOffered(spec: string): Promise<string> {
    const name = this.offeredName(spec);
    if (name === undefined) throw notOffered(this.nameOf(spec));
    return this.specOf(name);
  }

  private offeredName(spec: string): string | undefined {
    const uploaded = this.uploadOf(resolve(spec));
    if (uploaded !== undefined) return `${UPLOADS}/${uploaded}`;
    const isSame = (other: string) => other === spec || resolve(other) === resolve(spec);
    return Array.from(this.others).find(([, other]) => isSame(other))?.[0];
  }

  /**
   * Counts the images of data, and draws the first ones, in another process.
   * @throws {InputError} if the data cannot be opened
   */
  describe(spec: string): Promise<Description> {
    const found = this.described.get(spec) ?? this.run(spec);
    this.described.set(spec, found);
    found.catch(() => this.described.delete(spec));
    return found;
  }

  /**
   * Adds images to an uploaded data set, which is created if there is none: all of them or none.
   * @throws {InputError} if one of the files is not an image, or too much is uploaded
   */
  upload(name: string, files: readonly File[]): Promise<DataSet> {
    return this.inTurn(() => this.store(name, files));
  }

  /** Returns whether there was one. */
  delete(name: string): Promise<boolean> {
    return this.inTurn(async () => {
      if (!(await this.root.below(UPLOADS, name).isIntact())) return false;
      // Renamed first, so that no run starts on a part of it.
      await this.root.makeFolder(STUDIO_FOLDER);
      const deleted = this.temporary('deleted');
      await wrapWriteErrors(`${UPLOADS}/${name}`, () => rename(this.pathOf(name), deleted));
      this.described.delete(this.pathOf(name));
      await wrapWriteErrors(`${UPLOADS}/${name}`, () => rm(deleted, { recursive: true }));
      return true;
    });
  }

  /** Changes wait for each other, so that each upload has its own numbers. */
  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.changing.then(change);
    this.changing = changed.catch(() => undefined);
    return changed;
  }

  private async store(name: string, files: readonly File[]): Promise<DataSet> {
    if (files.length === 0 || files.length > UPLOAD_LIMITS.images)
      throw new InputError('files', `expected 1 to ${UPLOAD_LIMITS.images} images but got ${files.length}`);
    const images: { readonly bytes: Uint8Array; readonly extension: string }[] = [];
    for (const file of files) {
      const bytes = new Uint8Array(await file.arrayBuffer());
      images.push({ bytes, extension: await formatOf(bytes, file.name) });
    }
    for (const made of [STUDIO_FOLDER, UPLOADS, `${UPLOADS}/${name}`]) await this.root.makeFolder(made);
    const folder = this.pathOf(name);
    const present = await readdir(folder);
    if (present.length + files.length > UPLOAD_LIMITS.imagesInAll)
      throw new InputError(name, `has ${present.length} images`, `at most ${UPLOAD_LIMITS.imagesInAll} are accepted`);
    // Names of uploaded files are not used.
    const first = Math.max(0, ...present.map((each) => parseInt(each) || 0)) + 1;
    const contents = new Map(
      images.map(({ bytes, extension }, index) => [`${numbered(first + index)}.${extension}`, bytes]),
    );
    await wrapWriteErrors(`${UPLOADS}/${name}`, () => this.addFiles(folder, contents));
    this.described.delete(folder);
    const stored = await this.uploaded(name);
    if (stored === undefined) throw new InputError(name, 'was deleted during the upload', 'upload it again');
    return stored;
  }

  /** Adds files to a folder: all or, if the disk is full, none. */
  private async addFiles(folder: string, contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const staged = this.temporary('upload');
    const added: string[] = [];
    try {
      await makeFolder(staged);
      for (const [name, bytes] of contents) await writeAndSync(join(staged, name), bytes);
      for (const name of contents.keys()) {
        await rename(join(staged, name), join(folder, name));
        added.push(join(folder, name));
      }
    } catch (error) {
      for (const file of added) await rm(file, { force: true });
      // Only an empty folder is removed.
      await rmdir(folder).catch(() => undefined);
      throw error;
    } finally {
      await rm(staged, { recursive: true, force: true });
    }
  }

  private async uploaded(name: string): Promise<DataSet | undefined> {
    const folder = this.root.below(UPLOADS, name);
    if (!(await folder.isIntact())) return undefined;
    // It may be deleted at any moment.
    const { mtimeMs: changed } = await lstat(folder.path).catch(() => ({ mtimeMs: 0 }));
    let known = this.sizes.get(name);
    if (known?.changed !== changed) {
      const files = await folder.list().catch(() => []);
      const sizes = await Promise.all(files.map((file) => lstat(join(folder.path, file)).catch(() => ({ size: 0 }))));
      known = { changed, size: { images: files.length, bytes: sizes.reduce((sum, { size }) => sum + size, 0) } };
      this.sizes.set(name, known);
    }
    return { name: `${UPLOADS}/${name}`, upload: { name, ...known.size } };
  }

  /** Returns the name of the uploaded data set at a path, if there may be one. */
  private uploadOf(path: string): string | undefined {
    const name = relative(resolve(this.root.path, UPLOADS), path);
    return isName(name) ? name : undefined;
  }

  private pathOf(name: string): string {
    return join(this.root.path, UPLOADS, name);
  }

  private temporary(purpose: string): string {
    return join(this.root.path, STUDIO_FOLDER, `${purpose}-${randomUUID()}`);
  }

  private async run(spec: string): Promise<Description> {
    await this.root.makeFolder(STUDIO_FOLDER);
    const file = `${this.temporary('preview')}.png`;
    try {
      const args = ['dataset', spec, '--force', '--out', file, '--scale', '1'];
      const result = (await runCommand(this.program, args)) as Described;
      return { counts: withoutPaths(countsOf(result), this.root.path), preview: await readRegularFile(file) };
    } finally {
      await rm(file, { force: true });
    }
  }
}

const isName = (name: string): boolean => runName.safeParse(name).success;

const notOffered = (name: string): InputError =>
  new InputError(
    setting('data'),
    `${JSON.stringify(name.slice(0, 100))} is not offered by this studio`,
    'add it when you start the studio',
  );

function countsOf({ name, size, channels, train, test, ...described }: Described): DataCounts {
  const { per_class: counts, class_names: names, skipped } = described;
  const classes = counts?.map((count, index) => ({ name: names?.[index] ?? `class ${index}`, count })) ?? null;
  return { name, size: [...size], channels, train, test, skipped: skipped.length, classes };
}

/** Reads the header of an image only. */
async function formatOf(bytes: Uint8Array, name: string): Promise<string> {
  if (bytes.length === 0) throw new InputError(name, 'the file is empty', 'choose JPEG, PNG, WebP or GIF files');
  const found = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  if (found === undefined || !FORMATS.includes(found.format))
    throw new InputError(name, 'not an image that can be uploaded', 'choose JPEG, PNG, WebP or GIF files');
  if (found.width * found.height > UPLOAD_LIMITS.pixels)
    throw new InputError(
      name,
      `${found.width}x${found.height} has more than ${UPLOAD_LIMITS.pixels / 1e6} million pixels`,
    );
  return found.format;
}
