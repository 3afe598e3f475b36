import { basename } from 'node:path';
import { readFileBytes } from '../../files/regularFile.node.js';
import { arrayDataset } from '../dataset.node.js';
import { decodeNpzImages } from '../formats/npz.js';

export const npz = arrayDataset({
  name: 'npz',
  path: 'FILE',
  help: 'images: uint8 [N, H, W] or [N, H, W, C], and optional labels',
  read: async (path) => ({ train: await decodeNpzImages(await readFileBytes(path), basename(path)), test: null }),
});
