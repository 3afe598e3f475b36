import { join } from 'node:path';
import type { Dataset } from '../dataset.node.js';
import { fileItems } from '../decoding/imageItems.node.js';
import { openImageFiles, sampledFormat } from '../imageFiles.node.js';
import { findImages } from '../imageFolder.node.js';

export const folder: Dataset = {
  name: 'folder',
  path: 'DIR',
  help: 'images at any depth; top-level folders are classes if every image is in one',
  format: async (path) => sampledFormat((await findImages(path)).names.map((name) => () => join(path, name))),
  open: async (path, format, options) => {
    const { names, skipped, unsupported } = await findImages(path);
    const found = await fileItems(path, names);
    return openImageFiles({ ...found, skipped: [...skipped, ...found.skipped], unsupported }, format, options);
  },
};
