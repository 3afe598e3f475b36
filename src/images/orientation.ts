import { pngChunkTypes } from './pngChunks.js';

/** JPEG's markers: the end of its metadata, its end, the segment that holds metadata of cameras, and what may fill the space before one. */
const [START_OF_SCAN, END_OF_IMAGE, APP1, FILL] = [0xda, 0xd9, 0xe1, 0xff];
/** PNG's chunks that may hold them: Exif itself, and texts, in which older programs keep it. */
const PNG_METADATA = ['eXIf', 'tEXt', 'zTXt', 'iTXt'];

/**
 * Whether an image may have to be turned upright. Most need not be, and to ask the decoder takes a tenth of the time that it has for a
 * small image: JPEG and PNG files without metadata are told by their outline here; whatever else they are, and all others, may.
 */
export function mayNeedRotation(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegHasMetadata(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return pngHasMetadata(pngChunkTypes(bytes));
  return true;
}

/** Segments: 0xFF, a marker, a length that counts itself, data. */
function jpegHasMetadata(view: DataView): boolean {
  for (let at = 2; at + 4 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff || marker === APP1 || marker === FILL) return true;
    if (marker === START_OF_SCAN || marker === END_OF_IMAGE) return false;
  }
  return true;
}

const pngHasMetadata = (types: readonly string[]): boolean => types.at(-1) !== 'IEND' || types.some((type) => PNG_METADATA.includes(type));
