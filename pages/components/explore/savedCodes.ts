/** Files of codes. */
import { encodeNpy } from '../../../src/data/formats/npy.js';
import { download } from '../files.js';
import type { ExplorableModel } from './panel.js';
import type { NamedCode } from './explored.js';

export const CODE_FORMATS = ['JSON', 'NPY'] as const;
export type CodeFormat = (typeof CODE_FORMATS)[number];

/**
 * Saves codes as JSON, or as an array [N, M] for NumPy. Codes of the prior `sphere` have norm 1, up to rounding.
 * @param name of the file, without its extension
 * @example
 * { "format": "agenet codes 1", "name": "mnist-1, iteration 2000", "iteration": 2000, "prior": "sphere", "codes": [{
 * "name": "sample 3 of seed 0", "distance": 1, "code": [0.12, -0.05] }] }
 */
export function saveCodes(
  { info, step }: ExplorableModel,
  codes: readonly NamedCode[],
  format: CodeFormat,
  name: string,
): void {
  if (format === 'NPY') {
    const data = Float32Array.from(codes.flatMap(({ code }) => [...code]));
    const bytes = encodeNpy({ shape: [codes.length, info.latent], data });
    return download(new Blob([Uint8Array.from(bytes)]), `${name}.npy`);
  }
  const file = {
    format: 'agenet codes 1',
    name: info.name,
    ...(step !== undefined && { iteration: step }),
    prior: info.prior,
    codes: codes.map(encodeCode),
  };
  download(new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: 'application/json' }), `${name}.json`);
}

/** A code as JSON. */
export const encodeCode = ({ name, distance, code, condition }: NamedCode) => ({
  name,
  distance,
  code: [...code],
  ...(condition && { condition: [...condition] }),
});

/**
 * Reads a code. Browsers may keep anything under a key.
 * @returns undefined if it does not fit the model
 */
export function decodeCode({ info }: ExplorableModel, json: unknown): NamedCode | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { name, distance, code, condition } = json as Record<string, unknown>;
  const values = numbersOf(code, info.latent);
  const given = numbersOf(condition, info.condition?.shape.reduce((size, side) => size * side, 1) ?? 0);
  const isPlace = typeof distance === 'number' && distance >= 0 && distance <= 1;
  if (typeof name !== 'string' || !isPlace || !values || (condition !== undefined && !given)) return undefined;
  return { name, distance, code: values, ...(given && { condition: given }) };
}

const numbersOf = (json: unknown, count: number): Float32Array | undefined =>
  Array.isArray(json) && json.length === count && json.every(Number.isFinite)
    ? Float32Array.from(json as number[])
    : undefined;
