/** Files of codes. */
import { encodeNpy } from '../../../src/data/formats/npy.js';
import { fillsHoles } from '../conditions.js';
import { download } from '../files.js';
import type { ModelInfo } from '../networks.js';
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
export function saveCodes(model: ExplorableModel, codes: readonly NamedCode[], format: CodeFormat, name: string): void {
  const { info, step } = model;
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
    codes: codes.map((code) => encodeCode(model, code)),
  };
  download(new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: 'application/json' }), `${name}.json`);
}

/** A code as JSON. The picture that a completion is shown is a string, as numbers would take fifteen times its room. */
export const encodeCode = ({ info }: ExplorableModel, { name, distance, code, condition }: NamedCode) => ({
  name,
  distance,
  code: [...code],
  ...(condition && { condition: fillsHoles(info) ? encodePicture(condition, areaOf(info)) : [...condition] }),
});

const areaOf = ({ shape: [, height, width] }: ModelInfo): number => height * width;

/**
 * Reads a code. Browsers may keep anything under a key.
 * @returns undefined if it does not fit the model
 */
export function decodeCode({ info }: ExplorableModel, json: unknown): NamedCode | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { name, distance, code, condition } = json as Record<string, unknown>;
  const values = numbersOf(code, info.latent);
  const size = info.condition?.shape.reduce((area, side) => area * side, 1) ?? 0;
  const given = fillsHoles(info) ? decodePicture(condition, size, areaOf(info)) : numbersOf(condition, size);
  const isPlace = typeof distance === 'number' && distance >= 0 && distance <= 1;
  if (typeof name !== 'string' || !isPlace || !values || (condition !== undefined && !given)) return undefined;
  return { name, distance, code: values, ...(given && { condition: given }) };
}

const numbersOf = (json: unknown, count: number): Float32Array | undefined =>
  Array.isArray(json) && json.length === count && json.every(Number.isFinite)
    ? Float32Array.from(json as number[])
    : undefined;

/**
 * Encodes a picture with holes as base64 of bytes.
 * @param picture [C + 1, H, W]: channels in [-1, 1] with 0 in holes, and a plane with 0 in holes and 1 elsewhere
 * @param area of the plane
 */
function encodePicture(picture: Float32Array, area: number): string {
  const plane = picture.length - area;
  const letters = Array.from(picture, (value, at) =>
    String.fromCharCode(Math.round(at < plane ? 127.5 * (value + 1) : 255 * value)),
  );
  return btoa(letters.join(''));
}

function decodePicture(json: unknown, size: number, area: number): Float32Array | undefined {
  if (typeof json !== 'string' || !/^[A-Za-z\d+/]*={0,2}$/u.test(json) || json.length !== 4 * Math.ceil(size / 3))
    return undefined;
  const bytes = Uint8Array.from(atob(json), (letter) => letter.charCodeAt(0));
  const plane = size - area;
  const isHidden = (at: number): boolean => bytes[plane + (at % area)] === 0;
  return Float32Array.from(bytes, (byte, at) => (at >= plane ? byte / 255 : isHidden(at) ? 0 : byte / 127.5 - 1));
}
