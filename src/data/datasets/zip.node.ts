import type { Dataset } from '../dataset.node.js';
import { archiveFormat, openArchive } from '../imageArchive.node.js';

export const zip: Dataset = {
  name: 'zip',
  path: 'FILE',
  help: 'the images of a zip archive, as in a folder',
  format: archiveFormat,
  open: openArchive,
};
