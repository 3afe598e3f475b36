/** An IDX file of these sizes and elements, as the format lays it out. */
export function idxBytes(sizes: readonly number[], data: ArrayLike<number>, type = 0x08): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, sizes.length]);
  for (const [axis, size] of sizes.entries()) view.setUint32(4 + 4 * axis, size);
  bytes.set(Array.from(data), 4 + 4 * sizes.length);
  return bytes;
}
