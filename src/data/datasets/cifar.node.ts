import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFileBytes } from '../../files/regularFile.node.js';
import { arrayDataset } from '../dataset.node.js';
import { type CifarKind, decodeCifar } from '../formats/cifar.js';

const format = { size: 32, channels: 3 };

export const cifar10 = arrayDataset({
  name: 'cifar10',
  path: 'DIR',
  help: 'the binary version: data_batch_1.bin to data_batch_5.bin and test_batch.bin',
  format,
  read: async (path) => {
    const read = readerOf('cifar10', path, 'cifar-10-batches-bin', 'test_batch.bin');
    const parts = await Promise.all([1, 2, 3, 4, 5].map((number) => read(`data_batch_${number}.bin`)));
    const train = {
      ...parts[0]!,
      count: parts.reduce((count, part) => count + part.count, 0),
      pixels: new Uint8Array(Buffer.concat(parts.map(({ pixels }) => pixels))),
      labels: new Uint8Array(Buffer.concat(parts.map(({ labels }) => labels!))),
    };
    const classNames = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
    return { train, test: await read('test_batch.bin'), classNames };
  },
});

export const cifar100 = arrayDataset({
  name: 'cifar100',
  path: 'DIR',
  help: 'the binary version with its 100 fine labels: train.bin and test.bin',
  format,
  read: async (path) => {
    const read = readerOf('cifar100', path, 'cifar-100-binary', 'test.bin');
    return { train: await read('train.bin'), test: await read('test.bin'), classes: 100 };
  },
});

/** Reads from the folder `inner`, which the published archive unpacks to, unless `path` itself has the file. */
function readerOf(kind: CifarKind, path: string, inner: string, file: string) {
  const folder = existsSync(join(path, file)) ? path : join(path, inner);
  return async (name: string) => decodeCifar(await readFileBytes(join(folder, name)), kind, name);
}
