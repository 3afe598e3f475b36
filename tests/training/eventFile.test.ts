import { describe, expect, it } from 'vitest';
import { crc32c, fileVersionRecord, scalarsRecord } from '../../src/training/eventFile.js';

/** The fields of a protobuf message, as a reader that knows nothing of it finds them. */
function fieldsOf(message: Uint8Array): { field: number; value: number | Uint8Array }[] {
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
function dataOf(record: Uint8Array): Uint8Array {
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

const text = (bytes: number | Uint8Array): string => new TextDecoder().decode(bytes as Uint8Array);

describe('an event file', () => {
  it('has the checksums of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  it('begins with its version', () => {
    const [time, version] = fieldsOf(dataOf(fileVersionRecord(1.5)));
    expect(time).toEqual({ field: 1, value: 1.5 });
    expect([version!.field, text(version!.value)]).toEqual([3, 'brain.Event:2']);
  });

  it.each([1, 127, 128, 300, 2 ** 31, 2 ** 40])('holds scalars of iteration %i under their tags', (step) => {
    const [time, found, summary] = fieldsOf(dataOf(scalarsRecord(step, 1700000000.25, { 'encoder.KL_real': 0.5, rate: -3 })));
    expect(time).toEqual({ field: 1, value: 1700000000.25 });
    expect(found).toEqual({ field: 2, value: step });
    expect(summary!.field).toBe(5);
    const values = fieldsOf(summary!.value as Uint8Array).map(({ field, value }) => {
      const [tag, scalar] = fieldsOf(value as Uint8Array);
      return [field, tag!.field, text(tag!.value), scalar!.field, scalar!.value];
    });
    expect(values).toEqual([
      [1, 1, 'encoder.KL_real', 2, 0.5],
      [1, 1, 'rate', 2, -3],
    ]);
  });
});
