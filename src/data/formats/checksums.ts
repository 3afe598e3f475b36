/** Remainders of all bytes by the reflected polynomial of CRC-32, 0xedb88320 (RFC 1952, section 8). */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1;
  return remainder;
});

/**
 * The CRC-32 that gzip and zip files hold of their contents: an unsigned number of 32 bits.
 * @param previous the CRC-32 of the bytes before these, if they come in pieces
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let crc = previous ^ 0xffffffff;
  for (const byte of bytes) crc = REMAINDERS[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const ADLER_MODULUS = 65_521;
/** As many bytes as can be added up before the sum of sums exceeds 32 bits. */
const ADLER_RUN = 5552;

/** The Adler-32 that zlib streams hold of their contents (RFC 1950, section 8): an unsigned number of 32 bits. */
export function adler32(bytes: Uint8Array): number {
  let [sum, sumOfSums] = [1, 0];
  for (let start = 0; start < bytes.length; start += ADLER_RUN) {
    const end = Math.min(start + ADLER_RUN, bytes.length);
    for (let index = start; index < end; index++) sumOfSums += sum += bytes[index]!;
    sum %= ADLER_MODULUS;
    sumOfSums %= ADLER_MODULUS;
  }
  return ((sumOfSums << 16) | sum) >>> 0;
}
