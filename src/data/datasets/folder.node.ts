import type { Dataset } from '../dataset.node.js';
import { folderFormat, openFolder } from '../imageFolder.node.js';

export const folder: Dataset = {
  name: 'folder',
  path: 'DIR',
  help: 'images at any depth; top-level folders are classes if every image is in one',
  format: folderFormat,
  open: openFolder,
};
