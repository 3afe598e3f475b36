import { InputError, messageOf } from '../../errors.js';
import { wrapReadErrors } from '../../files/atomic.node.js';
import { readRange, regularFileSize } from '../../files/regularFile.node.js';
import { decodeImage, hasImageExtension, IMAGE_KINDS, MAX_FILE_BYTES, undecodable } from '../../images/decode.node.js';
import type { DecodeOptions } from '../../images/preprocessing.js';
import type { Dataset } from '../dataset.node.js';
import { openZip, type ZippedFile } from '../formats/zip.js';
import { openImageFiles, sampledFormat } from '../imageFiles.node.js';
import { describeUnsupported } from '../imageNames.js';
import type { ImageItem } from '../source.js';

export const zip: Dataset = {
  name: 'zip',
  path: 'FILE',
  help: 'the images of a zip archive, as in a folder',
  format: async (path) => sampledFormat((await findImages(path)).images.map(({ read }) => read)),
  open: async (path, format, options) => {
    const { images, unsupported } = await findImages(path);
    const root = commonFolder(images.map((image) => image.path));
    const items = images.map((image) => itemOf(image, image.path.slice(root.length)));
    return openImageFiles({ items, skipped: [], unsupported }, format, options);
  },
};

async function findImages(path: string) {
  const size = await wrapReadErrors(path, () => regularFileSize(path));
  const files = await openZip({ size, readUint8Array: (offset, length) => readRange(path, offset, length) }, path);
  const seen = files.filter((file) => !/(^|\/)(\.|__MACOSX\/)/.test(file.path));
  const images = seen.filter((file) => hasImageExtension(file.path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const unsupported = describeUnsupported(seen.map((file) => file.path));
  if (images.length > 0) return { images, unsupported };
  const others = unsupported === '' ? '' : `; ${unsupported}`;
  throw new InputError(path, `no images (${IMAGE_KINDS} files) in this archive${others}`);
}

/** Most archives have one folder with everything. */
function commonFolder([first = '', ...others]: readonly string[]) {
  const folders = first.split('/').slice(0, -1);
  const prefixes = folders.map((_, index) => `${folders.slice(0, index + 1).join('/')}/`);
  return prefixes.findLast((prefix) => others.every((path) => path.startsWith(prefix))) ?? '';
}

function itemOf({ size, crc32, read }: ZippedFile, name: string): ImageItem {
  const content = `${size} ${crc32}`;
  const decode = async (options: DecodeOptions) => {
    if (size > MAX_FILE_BYTES) return undecodable(`the file has ${size} bytes`);
    try {
      return await decodeImage(await read(), options);
    } catch (error) {
      return undecodable(messageOf(error));
    }
  };
  return { name, label: null, fingerprint: content, contentKey: () => content, decode };
}
