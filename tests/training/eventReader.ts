/** TensorBoard's event files, as a program reads them that knows their format alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { crc32c } from '../../src/runs/tensorBoard.node.js';

/** The fields of a protobuf message, as a reader that knows nothing of it finds them. */
export function fieldsOf(message: Uint8Array): { field: number; value: number | Uint8Array }[] {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const fields: { field: number; value: number | Uint8Array }[] = [];
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = message[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < message.length) {
    const key = varint();
    const [field, type] = [key >> 3, key & 7];
    if (type === 0) fields.push({ field, value: varint() });
    else if (type === 1) fields.push({ field, value: view.getFloat64((at += 8) - 8, true) });
    else if (type === 5) fields.push({ field, value: view.getFloat32((at += 4) - 4, true) });
    else {
      const length = varint();
      fields.push({ field, value: message.subarray(at, (at += length)) });
    }
  }
  return fields;
}

/** The data of a TFRecord, its length and both checksums checked. */
export function dataOf(record: Uint8Array): Uint8Array {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const length = Number(view.getBigUint64(0, true));
  expect(record.length).toBe(length + 16);
  // TFRecord's masking undone: the checksum itself comes out.
  const unmasked = (offset: number) => {
    const rotated = (view.getUint32(offset, true) - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  expect(unmasked(8)).toBe(crc32c(record.subarray(0, 8)));
  expect(unmasked(12 + length)).toBe(crc32c(record.subarray(12, 12 + length)));
  return record.subarray(12, 12 + length);
}

export const text = (bytes: number | Uint8Array): string => new TextDecoder().decode(bytes as Uint8Array);

/** The records of a file, one after another. */
function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true)) + 16;
    records.push(dataOf(bytes.subarray(at, at + length)));
    at += length;
  }
  return records;
}

/** A `Summary.Image`. */
export interface ShownImage {
  height: number;
  width: number;
  colorspace: number;
  encoded: Uint8Array;
}

/** What TensorBoard shows of a folder: scalars and images by step and tag, without those that a later record drops. */
export function shownValues(folder: string): Map<number, Record<string, number | ShownImage>> {
  const shown = new Map<number, Record<string, number | ShownImage>>();
  const files = readdirSync(folder).filter((name) => name.includes('tfevents'));
  for (const record of files.sort().flatMap((name) => recordsOf(readFileSync(join(folder, name))))) {
    const fields = Object.fromEntries(fieldsOf(record).map(({ field, value }) => [field, value]));
    const step = fields[2] as number;
    if (7 in fields) for (const late of [...shown.keys()].filter((each) => each >= step)) shown.delete(late);
    if (5 in fields) {
      const values = fieldsOf(fields[5] as Uint8Array).map(({ value }) => fieldsOf(value as Uint8Array));
      const tagged = values.map(([tag, content]) => [
        text(tag!.value),
        content!.field === 4 ? imageIn(content!.value as Uint8Array) : (content!.value as number),
      ]);
      shown.set(step, { ...shown.get(step), ...(Object.fromEntries(tagged) as Record<string, number | ShownImage>) });
    }
  }
  return shown;
}

function imageIn(message: Uint8Array): ShownImage {
  const [height, width, colorspace, encoded] = [1, 2, 3, 4].map(
    (field) => fieldsOf(message).find((each) => each.field === field)!.value,
  );
  return {
    height: height as number,
    width: width as number,
    colorspace: colorspace as number,
    encoded: Uint8Array.from(encoded as Uint8Array),
  };
}

/** The scalars of `shownValues`. Steps with images alone are left out. */
export function shownScalars(folder: string): Map<number, Record<string, number>> {
  const steps = Array.from(
    shownValues(folder),
    ([step, values]) => [step, Object.entries(values).filter(([, value]) => typeof value === 'number')] as const,
  );
  return new Map(
    steps
      .filter(([, scalars]) => scalars.length > 0)
      .map(([step, scalars]) => [step, Object.fromEntries(scalars) as Record<string, number>]),
  );
}
