import { parse } from 'csv-parse/sync';
import { basename } from 'node:path';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import type { ImageSource, Split } from './source.js';

const MAX_BYTES = 256 * 2 ** 20;
/** Columns that name the image of a row. */
const FILE_COLUMNS = ['file', 'filename', 'image', 'image_id', 'path'];

/**
 * Reads a CSV table of images with a header. A column `file` names the image of each row, by its path below the folder or
 * by its name alone. Without one, rows are in the order of the images of an archive.
 * @throws {InputError} if the file cannot be read, or an image has no row
 */
export async function withDescriptions(source: ImageSource, path: string): Promise<ImageSource> {
  const rows = await readTable(path);
  const column = Object.keys(rows[0]!).find((name) => FILE_COLUMNS.includes(name.toLowerCase()));
  const descriptions = rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== column)));
  const rowOf = column === undefined ? byOrder(source, rows.length, path) : byName(rows.map((row) => row[column]!));
  const described = (kind: 'train' | 'test', split: Split): Split => ({
    ...split,
    describe: (index) => {
      const name = split.nameOf?.(index) ?? `${kind}/${index}`;
      const row = rowOf(name);
      if (row === undefined) throw new InputError(path, `has no row for the image ${name}`);
      return descriptions[row]!;
    },
  });
  const bothOf = ({ train, test }: Pick<ImageSource, 'train' | 'test'>) => ({
    train: described('train', train),
    test: described('test', test),
  });
  const { finishDecoding } = source;
  const splits = bothOf(source);
  for (const split of [splits.train, splits.test]) if (split.count > 0) split.describe!(split.count - 1);
  return {
    ...source,
    ...splits,
    descriptions,
    ...(finishDecoding && {
      finishDecoding: async () => {
        const decoded = await finishDecoding();
        return { ...decoded, ...bothOf(decoded) };
      },
    }),
  };
}

async function readTable(path: string): Promise<Record<string, string>[]> {
  const bytes = await readRegularFile(path, MAX_BYTES).catch((error: unknown) => {
    throw new InputError(path, `cannot read the attributes (${describeSystemError(error)})`);
  });
  try {
    const options = { columns: true, bom: true, trim: true, skip_empty_lines: true } as const;
    const rows = parse<Record<string, string>>(Buffer.from(bytes), options);
    if (rows.length === 0) throw new Error('it has no rows below the header');
    return rows;
  } catch (error) {
    throw new InputError(
      path,
      `is not a table of attributes (${(error as Error).message})`,
      'expected CSV with a header',
    );
  }
}

function byName(files: readonly string[]) {
  const paths = new Map(files.map((file, row) => [file, row]));
  const names = new Map(files.map((file, row) => [basename(file), row]));
  return (name: string) => paths.get(name) ?? names.get(basename(name));
}

/** Images of archives are named `train/7` or `test/7`. */
function byOrder({ train, test }: ImageSource, rows: number, path: string) {
  const hasOwnTest = test.count > 0 && (test.nameOf?.(0) ?? 'test/0').startsWith('test/');
  const images = train.count + test.count;
  if (train.count > 0 && !/^train\/\d+$/u.test(train.nameOf?.(0) ?? 'train/0'))
    throw new InputError(path, 'has no column that names the image of each row', 'add a column file');
  if (rows !== images) throw new InputError(path, `has ${rows} rows, but there are ${images} images`);
  return (name: string) => {
    const index = Number(name.slice(name.indexOf('/') + 1));
    return hasOwnTest && name.startsWith('test/') ? train.count + index : index;
  };
}
