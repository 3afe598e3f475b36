/** Appends numbers of 8 to 64 bits in one byte order, as the formats' documents write their fields. */
export class ByteWriter {
  private readonly parts: Uint8Array[] = [];

  constructor(private readonly littleEndian: boolean) {}

  /** Unsigned or signed whole numbers of 1, 2, 4 or 8 bytes, floats of 4 or 8. */
  numbers(kind: 'integer' | 'float', width: number, values: readonly number[]): this {
    const view = new DataView(new ArrayBuffer(width * values.length));
    for (const [index, value] of values.entries()) {
      const at = index * width;
      if (kind === 'float') {
        if (width === 4) view.setFloat32(at, value, this.littleEndian);
        else view.setFloat64(at, value, this.littleEndian);
      } else if (width === 1) view.setUint8(at, value);
      else if (width === 2) view.setUint16(at, value, this.littleEndian);
      else if (width === 4) view.setUint32(at, value, this.littleEndian);
      else view.setBigInt64(at, BigInt(value), this.littleEndian);
    }
    return this.bytes(new Uint8Array(view.buffer));
  }

  u16(...values: readonly number[]): this {
    return this.numbers('integer', 2, values);
  }

  u32(...values: readonly number[]): this {
    return this.numbers('integer', 4, values);
  }

  bytes(bytes: ArrayLike<number>): this {
    this.parts.push(new Uint8Array(bytes));
    return this;
  }

  text(text: string): this {
    return this.bytes(new TextEncoder().encode(text));
  }

  /** Zeros up to a multiple of `size` bytes. */
  padTo(size: number): this {
    return this.bytes(new Uint8Array((size - (this.length % size)) % size));
  }

  get length(): number {
    return this.parts.reduce((sum, part) => sum + part.length, 0);
  }

  done(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
