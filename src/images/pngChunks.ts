/** The types of a PNG file's chunks, `IEND` the last unless the file is damaged: length of the data, type of four letters, data, checksum each. */
export function pngChunkTypes(bytes: Uint8Array): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const types: string[] = [];
  for (let at = 8; at + 12 <= view.byteLength && types.at(-1) !== 'IEND'; at += 12 + view.getUint32(at)) {
    types.push(String.fromCharCode(...bytes.subarray(at + 4, at + 8)));
  }
  return types;
}
