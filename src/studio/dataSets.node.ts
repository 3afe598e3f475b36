/** The data that runs can be started on: those known by name, those given to the studio when it was started, and uploaded images. */
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { DATASETS } from '../data/open.node.js';
import { InputError, setting, text } from '../errors.js';
import { makeFolder, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { type DataCounts, type DataSet, runName } from './schemas.js';
import { runCommand } from './commandOutput.node.js';
import { isOwnFolder, STUDIO_FOLDER, UPLOADS } from './ownFiles.node.js';

/** Limits of uploads. */
export const UPLOAD_LIMITS = {
  /** Bytes of a request. */
  bytes: 64 * 2 ** 20,
  /** Images of a request, and of a data set. */
  images: 1000,
  imagesInAll: 50_000,
  /** Pixels of an image: a small file can contain a huge one. */
  pixels: 50_000_000,
} as const;

const FORMATS: readonly string[] = ['jpeg', 'png', 'webp', 'gif'];

interface DataSetOptions {
  readonly folder: string;
  readonly program: readonly [string, ...string[]];
  /** Data specs that were given to the studio. */
  readonly given: readonly string[];
}

/** The result of `agenet dataset --json`. */
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

export class DataSets {
  private readonly described = new Map<
    string,
    Promise<{ readonly counts: DataCounts; readonly preview: Uint8Array }>
  >();

  private uploading: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: DataSetOptions) {}

  /** Returns all data sets; requests name them by spec, which must be one of these. */
  async list(): Promise<DataSet[]> {
    const named = DATASETS.filter(({ path }) => path === '' || path.startsWith('[')).map(({ name }) => name);
    const uploads = await readdir(join(this.options.folder, UPLOADS), { withFileTypes: true }).catch(() => []);
    const uploaded = uploads
      .filter((entry) => entry.isDirectory() && runName.safeParse(entry.name).success)
      .map(({ name }) => this.pathOf(name));
    const others = [...new Set([...this.options.given, ...named])];
    return [
      ...uploaded.map((name) => ({ name, uploaded: true })),
      ...others.map((name) => ({ name, uploaded: false })),
    ];
  }

  /** @throws {InputError} unless the spec is one of the list */
  async require(spec: string): Promise<void> {
    if ((await this.list()).some(({ name }) => name === spec)) return;
    throw new InputError(
      'data',
      `${JSON.stringify(spec.slice(0, 100))} is not offered here`,
      text`start the studio with ${setting('data')} to add it`,
    );
  }

  /**
   * Counts the images of data, and draws the first ones, in another process.
   * @throws {InputError} if the data cannot be opened
   */
  describe(spec: string): Promise<{ readonly counts: DataCounts; readonly preview: Uint8Array }> {
    const found = this.described.get(spec) ?? this.run(spec);
    this.described.set(spec, found);
    found.catch(() => this.described.delete(spec));
    return found;
  }

  /**
   * Adds images to an uploaded data set, which is created if there is none.
   * @returns the spec of the data set
   * @throws {InputError} if one of the files is not an image, or too much is uploaded; none is stored then
   */
  upload(name: string, files: readonly File[]): Promise<string> {
    // One after another, so that each gets numbers of its own.
    const stored = this.uploading.catch(() => undefined).then(() => this.store(name, files));
    this.uploading = stored;
    return stored;
  }

  private async store(name: string, files: readonly File[]): Promise<string> {
    const folder = join(this.options.folder, UPLOADS, name);
    const present = await readdir(folder).catch(() => []);
    if (files.length === 0 || files.length > UPLOAD_LIMITS.images)
      throw new InputError('files', `expected 1 to ${UPLOAD_LIMITS.images} images but got ${files.length}`);
    if (present.length + files.length > UPLOAD_LIMITS.imagesInAll)
      throw new InputError(name, `has ${present.length} images`, `at most ${UPLOAD_LIMITS.imagesInAll} are accepted`);
    const images: { readonly bytes: Uint8Array; readonly extension: string }[] = [];
    for (const file of files) {
      const bytes = new Uint8Array(await file.arrayBuffer());
      images.push({ bytes, extension: await formatOf(bytes, file.name) });
    }
    await wrapWriteErrors(`${UPLOADS}/${name}`, () => makeFolder(folder));
    if (!(await isOwnFolder(this.options.folder, UPLOADS, name)))
      throw new InputError(`${UPLOADS}/${name}`, 'is a link', 'remove it');
    // Names of uploaded files are not used.
    const first = Math.max(0, ...present.map((each) => parseInt(each) || 0)) + 1;
    for (const [index, { bytes, extension }] of images.entries())
      await writeFileAtomically(join(folder, `${String(first + index).padStart(6, '0')}.${extension}`), bytes);
    this.described.delete(this.pathOf(name));
    return this.pathOf(name);
  }

  private pathOf(name: string): string {
    return join(this.options.folder, UPLOADS, name);
  }

  private async run(spec: string): Promise<{ readonly counts: DataCounts; readonly preview: Uint8Array }> {
    const folder = join(this.options.folder, STUDIO_FOLDER);
    await wrapWriteErrors(STUDIO_FOLDER, () => makeFolder(folder));
    const file = join(folder, `preview-${randomUUID()}.png`);
    try {
      const result = (await runCommand(this.options.program, [
        'dataset',
        spec,
        '--force',
        '--out',
        file,
        '--scale',
        '1',
      ])) as Described;
      return { counts: countsOf(result), preview: await readRegularFile(file) };
    } finally {
      await rm(file, { force: true });
    }
  }
}

const countsOf = ({
  name,
  size,
  channels,
  train,
  test,
  per_class: counts,
  class_names: names,
  skipped,
}: Described): DataCounts => ({
  ...{ name, size: [...size], channels, train, test, skipped: skipped.length },
  classes: counts ? counts.map((count, index) => ({ name: names?.[index] ?? `class ${index}`, count })) : null,
});

/** Reads the header of an image only. */
async function formatOf(bytes: Uint8Array, name: string): Promise<string> {
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
