import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.js';
import { errorOf } from '../rejection.js';
import { digest, tinyCheckpoint } from '../training/tinyTraining.js';

const good = encodeCheckpoint(tinyCheckpoint(), digest);
const headerEnd = 8 + Number(new DataView(good.buffer, good.byteOffset).getBigUint64(0, true));

/** Most of them in the header, where they change what the file claims to hold. */
const place = fc.oneof({ weight: 3, arbitrary: fc.nat(headerEnd) }, { weight: 1, arbitrary: fc.nat(good.length - 1) });
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: place, byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.nat(200) }),
  fc.record({ kind: fc.constant('repeat' as const), at: place, length: fc.nat(200) }),
  fc.record({ kind: fc.constant('end' as const), at: place }),
);

function mutate(bytes: Uint8Array, change: typeof mutation extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  const { at } = change;
  if (change.kind === 'end') return bytes.slice(0, at);
  if (change.kind === 'set') return withByte(bytes, at, change.byte);
  const end = at + change.length;
  return change.kind === 'cut'
    ? joined(bytes.subarray(0, at), bytes.subarray(end))
    : joined(bytes.subarray(0, end), bytes.subarray(at));
}

const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array => new Uint8Array(Buffer.concat([head, tail]));

function withByte(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = byte;
  return copy;
}

it('a mutated checkpoint is read as written, or rejected in one line that starts with its name', async () => {
  const property = fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (changes) => {
    const bytes = changes.reduce(mutate, good);
    const error = await errorOf(() => decodeCheckpoint(bytes, 'some/file', digest));
    if (error === undefined) return;
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(/^some\/file: [^\n]+$/);
  });
  await fc.assert(property, { seed: 11, numRuns: 1500 });
});

it('a checkpoint with any single byte changed, including the header, is rejected in one line', async () => {
  const change = fc.oneof(
    { weight: 1, arbitrary: fc.nat(headerEnd - 1) },
    { weight: 1, arbitrary: fc.nat(good.length - 1) },
  );
  const property = fc.asyncProperty(change, fc.integer({ min: 1, max: 255 }), async (at, mask) => {
    const error = await errorOf(() => decodeCheckpoint(withByte(good, at, good[at]! ^ mask), 'some/file', digest));
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(/^some\/file: [^\n]+$/);
  });
  await fc.assert(property, { seed: 12, numRuns: 2000 });
});
