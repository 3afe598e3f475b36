import { join } from 'node:path';
import { readFileBytes } from '../../files/regularFile.node.js';
import { arrayDataset } from '../dataset.node.js';
import { decodeSvhn } from '../formats/svhn.js';

export const svhn = arrayDataset({
  name: 'svhn',
  path: 'DIR',
  help: 'the cropped digits: train_32x32.mat and test_32x32.mat',
  format: { size: 32, channels: 3 },
  read: async (path) => {
    const read = async (name: string) => decodeSvhn(await readFileBytes(join(path, name)), name);
    return { train: await read('train_32x32.mat'), test: await read('test_32x32.mat'), classes: 10 };
  },
});
