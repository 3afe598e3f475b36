import { join } from 'node:path';
import { arrayDataset, folderWith, readFileBytes } from '../dataset.node.js';
import { decodeCifar } from '../formats/cifar.js';

export const cifar100 = arrayDataset({
  name: 'cifar100',
  path: 'DIR',
  help: 'the binary version with its 100 fine labels: train.bin and test.bin',
  format: { size: 32, channels: 3 },
  read: async (path) => {
    const folder = await folderWith(path, 'cifar-100-binary', 'test.bin');
    const read = async (name: string) => decodeCifar(await readFileBytes(join(folder, name)), 'cifar100', name);
    return { train: await read('train.bin'), test: await read('test.bin'), classes: 100 };
  },
});
