import { arrayDataset, readIdxFolder } from '../dataset.node.js';

export const idx = arrayDataset({
  name: 'idx',
  path: 'DIR',
  help: "IDX files named as MNIST's, compressed by gzip or not",
  read: readIdxFolder,
});
