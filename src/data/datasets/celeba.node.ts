import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../../errors.js';
import { isFolder, wrapReadErrors } from '../../files/atomic.node.js';
import { readTextFile } from '../../files/regularFile.node.js';
import type { Dataset } from '../dataset.node.js';
import { fileItems } from '../decoding/imageItems.node.js';
import { openCollection } from '../decoding/openCollection.node.js';
import { findImages } from '../imageFolder.node.js';
import type { ImageItem } from '../source.js';
import { folder } from './folder.node.js';

export const celeba: Dataset = {
  name: 'celeba',
  path: 'DIR',
  help: 'the aligned images, resized to 64x78 and cropped to rows 7 to 70; split by list_eval_partition.txt if it exists',
  format: async (path) => ({ ...(await folder.format(await imageFolder(path))), size: 64, crop: 'celeba' }),
  open: async (path, format, options) => {
    const { name, onWarning } = options;
    const root = await imageFolder(path);
    const found = await findImages(root);
    const count = found.names.length;
    const list = await readPublishedSplit(root);
    const splitOf = (image: string) => list?.splitOf.get(basename(image));
    // Images for validation and unlisted ones are in neither split.
    const used = list ? found.names.filter((image) => [TRAIN, TEST].includes(splitOf(image) ?? '')) : found.names;
    if (list) {
      const unlisted = found.names.filter((image) => splitOf(image) === undefined).length;
      if (used.length === 0)
        throw new InputError(name, `none of its ${count} images is in the train or test split of ${list.file}`);
      if (unlisted > 0)
        onWarning?.(`${name}: ${unlisted} of ${count} images are not used because ${list.file} does not list them`);
    }
    const { items, skipped } = await fileItems(root, used);
    const isTest = (item: ImageItem) => splitOf(item.name) === TEST;
    const collection = { items, skipped: [...found.skipped, ...skipped], ...(list && { isTest }) };
    return openCollection(collection, { crop: 'celeba', ...format }, options);
  },
};

/** The images are in `img_align_celeba`, or in the folder itself. */
async function imageFolder(path: string) {
  const inner = join(path, 'img_align_celeba');
  return (await isFolder(inner)) ? inner : path;
}

/** Looks beside the images, one folder above, and in `Eval` of either. */
async function readPublishedSplit(root: string) {
  const above = dirname(resolve(root));
  for (const folder of [root, join(root, 'Eval'), above, join(above, 'Eval')]) {
    const file = join(folder, 'list_eval_partition.txt');
    if (existsSync(file))
      return { file, splitOf: parseList(await wrapReadErrors(file, () => readTextFile(file)), file) };
  }
  return undefined;
}

/** Numbers in the list; 1 is validation. */
const [TRAIN, TEST] = ['0', '2'];

function parseList(text: string, name: string) {
  const splits = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, file, split] = /^(\S+)\s+([012])\s*$/.exec(line) ?? [];
    if (file === undefined || split === undefined)
      throw new InputError(
        name,
        `line ${index + 1}: expected a file name and 0, 1 or 2 but got "${line.slice(0, 40)}"`,
      );
    splits.set(file, split);
  }
  if (splits.size === 0) throw new InputError(name, "the list of CelebA's splits is empty", 'download it again');
  return splits;
}
