/**
 * TensorBoard's event files: records of TFRecord (length, its checksum, data, their checksum), each an `Event` message of protobuf with a
 * `Summary` of scalars or a `SessionLog` (tensorboard/compat/proto/event.proto and summary.proto).
 */

/** `SessionLog.START`. */
const SESSION_START = 1;

/** The record that such a file begins with. */
export const fileVersionRecord = (wallTime: number): Uint8Array => record(concatBytes([doubleField(1, wallTime), bytesField(3, utf8('brain.Event:2'))]));

/**
 * A record of scalars by their tags.
 * @param wallTime seconds since 1970
 */
export function scalarsRecord(step: number, wallTime: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) => bytesField(1, concatBytes([bytesField(1, utf8(tag)), floatField(2, value)])));
  return record(concatBytes([doubleField(1, wallTime), varintField(2, step), bytesField(5, concatBytes(values))]));
}

/** A record that says that what was written of this iteration and of later ones before does not count: readers drop it. */
export const beginningRecord = (step: number, wallTime: number): Uint8Array =>
  record(concatBytes([doubleField(1, wallTime), varintField(2, step), bytesField(7, varintField(1, SESSION_START))]));

function record(data: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true);
  return concatBytes([length, checksum(length), data, checksum(data)]);
}

// The wire types of protobuf: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.

const tag = (field: number, wireType: number): Uint8Array => varint((field << 3) | wireType);
const varintField = (field: number, value: number): Uint8Array => concatBytes([tag(field, 0), varint(value)]);
const bytesField = (field: number, bytes: Uint8Array): Uint8Array => concatBytes([tag(field, 2), varint(bytes.length), bytes]);

function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return concatBytes([tag(field, 1), bytes]);
}

function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatBytes([tag(field, 5), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.of(...bytes, rest);
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** CRC-32C (Castagnoli), reflected, one table entry a byte. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

export function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** TFRecord's masked form of it: rotated right by 15 bits, plus a constant. */
function checksum(bytes: Uint8Array): Uint8Array {
  const crc = crc32c(bytes);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const result = new Uint8Array(4);
  new DataView(result.buffer).setUint32(0, masked, true);
  return result;
}
