import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import sharp from 'sharp';
import { DATASETS } from '../data/open.node.js';
import { InputError, setting } from '../errors.js';
import { makeFolder, numbered, wrapWriteErrors, writeAndSync } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import type { OwnFolder } from '../runs/ownFolder.node.js';
import { oneAtATime } from '../turns.js';
import { type DataCounts, type DataSet, runName } from './schemas.js';
import { type Program, runCommand } from './commandOutput.node.js';
import { STUDIO_FOLDER, UPLOADS, withoutPaths } from './paths.node.js';

export const UPLOAD_LIMITS = {
  /** Of a request. */
  bytes: 64 * 2 ** 20,
  /** Of a request, and of a data set. */
  images: 1000,
  imagesInAll: 50_000,
  /** Pixels of an image: a small file can contain a huge one. */
  pixels: 50_000_000,
} as const;

const FORMATS = ['jpeg', 'png', 'webp', 'gif'];

interface Described extends Omit<DataCounts, 'classes' | 'skipped'> {
  per_class?: readonly number[] | null;
  class_names?: readonly string[] | null;
  skipped: readonly unknown[];
}

export class DataSets {
  private readonly described = new Map<string, ReturnType<DataSets['run']>>();
  private readonly sizes = new Map<string, { changed: number; images: number; bytes: number }>();
  /** Specs of other data, by the names that pages see. */
  private readonly others = new Map<string, string>();
  /** Two uploads must not number files alike. */
  private readonly inTurn = oneAtATime();

  constructor(
    private readonly root: OwnFolder,
    private readonly program: Program,
    given: readonly string[],
  ) {
    for (const spec of new Set(given)) {
      const name = withoutPaths(spec, root.path);
      let distinct = name;
      for (let count = 2; this.others.has(distinct); count++) distinct = `${name} (${count})`;
      this.others.set(distinct, spec);
    }
    for (const { name, path } of DATASETS) if (path === '' || path.startsWith('[')) this.others.set(name, name);
  }

  async list(): Promise<DataSet[]> {
    const uploads = this.root.below(UPLOADS);
    const names = await uploads.list().catch(() => []);
    const uploaded = await Promise.all(names.filter(isName).map((name) => this.uploaded(name)));
    return [
      ...uploaded.filter((each) => each !== undefined),
      ...Array.from(this.others.keys(), (name) => ({ name, upload: null })),
    ];
  }

  async specOf(name: string) {
    const uploaded = basename(name);
    const folder = this.folderOf(uploaded);
    if (name === `${UPLOADS}/${uploaded}` && isName(uploaded) && (await folder.isIntact())) return folder.path;
    const spec = this.others.get(name);
    if (spec === undefined) throw notOffered(name);
    return spec;
  }

  /** Other data is named by its spec, without paths. */
  nameOf(spec: string) {
    return this.offeredName(spec) ?? withoutPaths(spec, this.root.path);
  }

  isOffered(spec: string) {
    return this.offeredName(spec) !== undefined;
  }

  /** @throws {InputError} if the spec of a run, which may be any path, is not offered */
  requireOffered(spec: string) {
    const name = this.offeredName(spec);
    if (name === undefined) throw notOffered(this.nameOf(spec));
    return this.specOf(name);
  }

  private offeredName(spec: string) {
    const uploaded = relative(resolve(this.root.path, UPLOADS), resolve(spec));
    if (isName(uploaded)) return `${UPLOADS}/${uploaded}`;
    return Array.from(this.others).find(([, other]) => other === spec || resolve(other) === resolve(spec))?.[0];
  }

  /** @throws {InputError} if the data cannot be opened */
  describe(spec: string) {
    const found = this.described.get(spec) ?? this.run(spec);
    this.described.set(spec, found);
    found.catch(() => this.described.delete(spec));
    return found;
  }

  /** @throws {InputError} if one of the files is not an image, or too much is uploaded */
  upload(name: string, files: readonly File[]) {
    return this.inTurn(() => this.store(name, files));
  }

  delete(name: string) {
    return this.inTurn(async () => {
      const folder = this.folderOf(name);
      if (!(await folder.isIntact())) return false;
      await this.root.makeFolder(STUDIO_FOLDER);
      const deleted = this.temporary('deleted');
      await wrapWriteErrors(`${UPLOADS}/${name}`, async () => {
        // No run may start on a part of it.
        await rename(folder.path, deleted);
        this.described.delete(folder.path);
        await rm(deleted, { recursive: true });
      });
      return true;
    });
  }

  private async store(name: string, files: readonly File[]) {
    if (files.length === 0 || files.length > UPLOAD_LIMITS.images)
      throw new InputError('files', `expected 1 to ${UPLOAD_LIMITS.images} images but got ${files.length}`);
    const images: { bytes: Uint8Array; format: string }[] = [];
    for (const file of files) {
      const bytes = new Uint8Array(await file.arrayBuffer());
      images.push({ bytes, format: await formatOf(bytes, file.name) });
    }
    for (const made of [STUDIO_FOLDER, UPLOADS, `${UPLOADS}/${name}`]) await this.root.makeFolder(made);
    const folder = this.folderOf(name).path;
    const present = await readdir(folder);
    if (present.length + files.length > UPLOAD_LIMITS.imagesInAll)
      throw new InputError(name, `has ${present.length} images`, `at most ${UPLOAD_LIMITS.imagesInAll} are accepted`);
    const first = Math.max(0, ...present.map((each) => parseInt(each) || 0)) + 1;
    const contents = new Map(images.map(({ bytes, format }, index) => [`${numbered(first + index)}.${format}`, bytes]));
    await wrapWriteErrors(`${UPLOADS}/${name}`, () => this.addFiles(folder, contents));
    this.described.delete(folder);
    const stored = await this.uploaded(name);
    if (stored === undefined) throw new InputError(name, 'was deleted during the upload', 'upload it again');
    return stored;
  }

  /** Adds all files or, if the disk is full, none. */
  private async addFiles(folder: string, contents: ReadonlyMap<string, Uint8Array>) {
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
    const folder = this.folderOf(name);
    if (!(await folder.isIntact())) return undefined;
    // It may be deleted meanwhile.
    const { mtimeMs: changed } = await lstat(folder.path).catch(() => ({ mtimeMs: 0 }));
    let known = this.sizes.get(name);
    if (known?.changed !== changed) {
      const files = await folder.list().catch(() => []);
      const sizes = await Promise.all(files.map((file) => lstat(join(folder.path, file)).catch(() => ({ size: 0 }))));
      known = { changed, images: files.length, bytes: sizes.reduce((sum, { size }) => sum + size, 0) };
      this.sizes.set(name, known);
    }
    const { images, bytes } = known;
    return { name: `${UPLOADS}/${name}`, upload: { name, images, bytes } };
  }

  private folderOf(name: string) {
    return this.root.below(UPLOADS, name);
  }

  private temporary(purpose: string) {
    return join(this.root.path, STUDIO_FOLDER, `${purpose}-${randomUUID()}`);
  }

  /** Counts images and draws the first ones as PNG, in another process. */
  private async run(spec: string) {
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

const isName = (name: string) => runName.safeParse(name).success;

const notOffered = (name: string) =>
  new InputError(
    setting('data'),
    `${JSON.stringify(name.slice(0, 100))} is not offered by this studio`,
    'add it when you start the studio',
  );

function countsOf({ name, size, channels, train, test, ...described }: Described): DataCounts {
  const { per_class: counts, class_names: names, skipped } = described;
  const classes = counts?.map((count, index) => ({ name: names?.[index] ?? `class ${index}`, count })) ?? null;
  return { name, size, channels, train, test, skipped: skipped.length, classes };
}

async function formatOf(bytes: Uint8Array, name: string) {
  const remedy = 'choose JPEG, PNG, WebP or GIF files';
  if (bytes.length === 0) throw new InputError(name, 'the file is empty', remedy);
  const image = sharp(bytes, { limitInputPixels: false });
  const found = await image.metadata().catch(() => undefined);
  if (found === undefined || !FORMATS.includes(found.format))
    throw new InputError(name, 'not an image that can be uploaded', remedy);
  if (found.width * found.height > UPLOAD_LIMITS.pixels)
    throw new InputError(
      name,
      `${found.width}x${found.height} has more than ${UPLOAD_LIMITS.pixels / 1e6} million pixels`,
    );
  return found.format;
}
