/** Comparison of arrays by their bytes: element by element, it takes seconds for a checkpoint. */
import { expect } from 'vitest';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

expect.addEqualityTesters([
  (a, b) => {
    if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return undefined;
    // Other bytes may be equal elements, such as two NaN, or else belong into the message.
    return bytesOf(a).equals(bytesOf(b)) || undefined;
  },
]);
