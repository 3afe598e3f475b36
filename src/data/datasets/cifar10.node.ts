import { join } from 'node:path';
import { arrayDataset, concatenateImages, folderWith, readFileBytes } from '../dataset.node.js';
import { decodeCifar } from '../formats/cifar.js';

export const cifar10 = arrayDataset({
  name: 'cifar10',
  path: 'DIR',
  help: 'the binary version: data_batch_1.bin to data_batch_5.bin and test_batch.bin',
  format: { size: 32, channels: 3 },
  read: async (path) => {
    const folder = await folderWith(path, 'cifar-10-batches-bin', 'test_batch.bin');
    const read = async (name: string) => decodeCifar(await readFileBytes(join(folder, name)), 'cifar10', name);
    const train = concatenateImages([
      await read('data_batch_1.bin'),
      ...(await Promise.all([2, 3, 4, 5].map((number) => read(`data_batch_${number}.bin`)))),
    ]);
    const classNames = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
    return { train, test: await read('test_batch.bin'), classNames };
  },
});
