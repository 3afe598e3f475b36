import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type TensorFile } from '../../src/engine/index.js';
import { InputError } from '../../src/errors.js';

const example: TensorFile = {
  tensors: {
    'encoder/weight': { shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 0) },
    scalar: { shape: [], data: Float32Array.of(7) },
    empty: { shape: [0, 3], data: new Float32Array(0) },
  },
  metadata: { format: 'test', note: 'Größe' },
};

/** A file with this header in front of these elements, as the format lays it out. */
function fileOf(header: string, elements: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + 4 * elements.length);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  for (const [index, element] of elements.entries()) view.setFloat32(8 + text.length + 4 * index, element, true);
  return file;
}

const entry = (change: Record<string, unknown> = {}) =>
  JSON.stringify({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...change } });

describe('safetensors', () => {
  it('are read as written', () => {
    expect(decodeSafetensors(encodeSafetensors(example), 'example')).toEqual(example);
  });

  it('are read from a slice of a larger buffer, in a Node Buffer, at any alignment', () => {
    const file = encodeSafetensors(example);
    for (const offset of [1, 4]) {
      const larger = Buffer.alloc(file.length + 10, 0xff);
      larger.set(file, offset);
      expect(decodeSafetensors(larger.subarray(offset, offset + file.length), 'example')).toEqual(example);
    }
  });

  it('do not share memory with the file', () => {
    const file = encodeSafetensors(example);
    const { tensors } = decodeSafetensors(Buffer.from(file.buffer), 'example');
    file.fill(0);
    expect(tensors.scalar!.data[0]).toBe(7);
  });

  it('write only the viewed range of memory', () => {
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const { tensors } = decodeSafetensors(
      encodeSafetensors({ tensors: { a: { shape: [2], data } }, metadata: {} }),
      'example',
    );
    expect(tensors.a!.data).toEqual(Float32Array.of(1, 2));
  });

  it('have the layout of the format: length, JSON header, little-endian elements aligned to 8 bytes', () => {
    const file = encodeSafetensors({
      tensors: { a: { shape: [2], data: Float32Array.of(1, 2) } },
      metadata: { key: 'value' },
    });
    const view = new DataView(file.buffer);
    const length = Number(view.getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))).toEqual({
      __metadata__: { key: 'value' },
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    });
    expect([view.getFloat32(8 + length, true), view.getFloat32(12 + length, true)]).toEqual([1, 2]);
    expect(file).toHaveLength(8 + length + 8);
  });

  it('read files of other programs, without metadata and in any order', () => {
    const header = JSON.stringify({
      b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
      a: { dtype: 'F32', shape: [], data_offsets: [0, 4] },
    });
    expect(decodeSafetensors(fileOf(header, [1, 2]), 'other')).toEqual({
      tensors: { b: { shape: [1], data: Float32Array.of(2) }, a: { shape: [], data: Float32Array.of(1) } },
      metadata: {},
    });
  });

  it('keep a tensor named like an Object property', () => {
    const file: TensorFile = { tensors: { constructor: { shape: [], data: Float32Array.of(1) } }, metadata: {} };
    const { tensors } = decodeSafetensors(encodeSafetensors(file), 'example');
    expect(Object.keys(tensors)).toEqual(['constructor']);
    expect('toString' in tensors).toBe(false);
  });

  const whole = encodeSafetensors(example);
  const broken: Record<string, { bytes: Uint8Array; reason: string }> = {
    'is empty': { bytes: new Uint8Array(0), reason: '0 bytes' },
    'is shorter than the length of its header': { bytes: whole.subarray(0, 5), reason: '5 bytes' },
    'ends inside its header': { bytes: whole.subarray(0, 20), reason: 'ends inside its header' },
    'ends inside its tensors': { bytes: whole.subarray(0, whole.length - 1), reason: 'cut short' },
    'begins with an absurd length': { bytes: new Uint8Array(64).fill(0xff), reason: 'length of a header' },
    'has a header of no length': { bytes: new Uint8Array(64), reason: 'length of a header' },
    'has a header that is not JSON': { bytes: fileOf('{"a": '), reason: 'JSON' },
    'has a header that is not UTF-8': {
      bytes: Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x22),
      reason: 'JSON',
    },
    'has a header that is a list': { bytes: fileOf('[1, 2]'), reason: 'JSON object' },
    'holds another type': { bytes: fileOf(entry({ dtype: 'F16' }), [1, 2]), reason: 'a is not a float32 tensor' },
    'holds a tensor without a shape': {
      bytes: fileOf(entry({ shape: null }), [1, 2]),
      reason: 'a is not a float32 tensor',
    },
    'holds a tensor of negative size': {
      bytes: fileOf(entry({ shape: [-2] }), [1, 2]),
      reason: 'a is not a float32 tensor',
    },
    'holds a tensor of broken size': {
      bytes: fileOf(entry({ shape: [0.5] }), [1, 2]),
      reason: 'a is not a float32 tensor',
    },
    'holds a tensor that ends before it begins': {
      bytes: fileOf(entry({ data_offsets: [8, 0] }), [1, 2]),
      reason: 'the entry of a has no range of bytes',
    },
    'holds a tensor with three offsets': {
      bytes: fileOf(entry({ data_offsets: [0, 8, 8] }), [1, 2]),
      reason: 'the entry of a has no range of bytes',
    },
    'holds a tensor whose shape and offsets disagree': {
      bytes: fileOf(entry({ shape: [3] }), [1, 2, 3]),
      reason: 'contradicts itself',
    },
    'has bytes after its tensors': {
      bytes: Uint8Array.from([...whole, ...new Uint8Array(10)]),
      reason: 'it has 10 bytes that belong to no tensor',
    },
    'has bytes between its tensors': {
      bytes: fileOf(entry({ data_offsets: [4, 12] }), [0, 1, 2]),
      reason: 'it has 4 bytes that belong to no tensor',
    },
    'has tensors that share bytes': {
      bytes: fileOf(
        JSON.stringify({
          a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
          b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
        }),
        [1, 2],
      ),
      reason: 'its tensors overlap',
    },
    'has metadata that are not texts': { bytes: fileOf('{"__metadata__": {"a": 1}}'), reason: 'metadata' },
    'has metadata that are a list': { bytes: fileOf('{"__metadata__": []}'), reason: 'metadata' },
  };

  it.each(Object.entries(broken))('reject a file that %s, with its name', (_, { bytes, reason }) => {
    const decode = () => decodeSafetensors(bytes, 'model.safetensors');
    expect(decode).toThrow(InputError);
    expect(decode).toThrow(/^model\.safetensors: not a usable safetensors file, /);
    expect(decode).toThrow(reason);
  });
});
