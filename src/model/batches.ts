import type { ElementArray, Program } from '../engine/index.js';

/** Items that one run of an evaluation program takes; more are split, fewer are padded. */
export const BATCH = 100;

/** Outputs of a program by name, with the length of an item's row in each. */
export type RowWidths<Name extends string> = Readonly<Record<Name, number>>;

/**
 * Runs a program over any number of items, `BATCH` at a time; the last batch is filled up with zeros, whose results are left out.
 * @param feeds what every run gets beside the items
 * @param items `itemSize` elements each, fed as `batch`
 * @param widths of the outputs to gather
 * @returns for each output its rows [N, width]
 */
export async function runInBatches<Name extends string>(
  program: Program,
  feeds: Readonly<Record<string, ElementArray>>,
  items: Uint8Array | Float32Array,
  itemSize: number,
  widths: RowWidths<Name>,
): Promise<Record<Name, Float32Array>> {
  const count = items.length / itemSize;
  const names = Object.keys(widths) as Name[];
  const rows = Object.fromEntries(names.map((name) => [name, new Float32Array(count * widths[name])])) as Record<Name, Float32Array>;
  for (let start = 0; start < count; start += BATCH) {
    const part = items.subarray(start * itemSize, (start + BATCH) * itemSize);
    const results = await program.run({ ...feeds, batch: padded(part, BATCH * itemSize) });
    for (const name of names) {
      const result = results[name]!.data as Float32Array;
      rows[name].set(result.subarray(0, (count - start) * widths[name]), start * widths[name]);
    }
  }
  return rows;
}

function padded<T extends Uint8Array | Float32Array>(part: T, length: number): T {
  if (part.length === length) return part;
  const whole = new (part.constructor as new (length: number) => T)(length);
  whole.set(part);
  return whole;
}
