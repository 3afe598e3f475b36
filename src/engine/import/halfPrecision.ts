/** Numbers of 16 bits. A library for float16 has a twentieth of the code that a page loads for the engine. */

const scratch = new DataView(new ArrayBuffer(4));

function bitsOf(element: number) {
  scratch.setFloat32(0, element);
  return scratch.getUint32(0);
}

/** Rounds to a multiple of 2^count, ties to even, and returns the multiple. */
const roundBits = (bits: number, count: number) => (bits + 2 ** (count - 1) - 1 + ((bits >>> count) & 1)) >>> count;

export function fromBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

export const toBfloat16 = (element: number): number =>
  Number.isNaN(element) ? 0x7fc0 : roundBits(bitsOf(element), 16);

export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >>> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** float32 bits of 65,520, the smallest number that rounds to infinity, and of 2^-14, the smallest normal one. */
const [OVERFLOW, NORMAL] = [0x477ff000, 0x38800000];

/** @param element a float32 */
export function toFloat16(element: number): number {
  if (Number.isNaN(element)) return 0x7e00;
  const [sign, magnitude] = [(bitsOf(element) >>> 16) & 0x8000, bitsOf(Math.abs(element))];
  if (magnitude >= OVERFLOW) return sign | 0x7c00;
  if (magnitude < NORMAL) return sign | roundEven(Math.abs(element) * 2 ** 24);
  return sign | (roundBits(magnitude, 13) - (112 << 10));
}

function roundEven(x: number) {
  const [nearest, isTie] = [Math.round(x), x % 1 === 0.5];
  return isTie && nearest % 2 === 1 ? nearest - 1 : nearest;
}
