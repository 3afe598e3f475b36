import { stat } from 'node:fs/promises';
import { InputError } from '../../errors.js';
import { arrayDataset, DIGITS, readIdxFolder } from '../dataset.node.js';

const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';

const CLASSES = 'T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot';

export const fashionMnist = arrayDataset({
  name: 'fashion-mnist',
  path: '[DIR]',
  help: "the four IDX files in DIR, or of Debian's package dataset-fashion-mnist",
  format: DIGITS,
  locate: (path) => path || DEBIAN_FOLDER,
  read: async (folder) => {
    if (folder === DEBIAN_FOLDER && (await stat(folder).catch(() => undefined)) === undefined)
      throw new InputError(
        'data "fashion-mnist"',
        'files not found',
        "install Debian's dataset-fashion-mnist, or pass their folder as fashion-mnist:DIR",
      );
    return { ...(await readIdxFolder(folder)), classNames: CLASSES.split(', ') };
  },
});
