/** Files that the visitor saves. */
import type { Prior } from '../../../src/age/prior.js';
import { download } from '../../components/files.js';
import type { ImageShape } from '../../components/images.js';
import { encodeFile } from './fileWorker.js';
import type { ImageFormat } from './imageGrid.js';
import type { ExploredModel } from './model.js';

/**
 * Saves images [C, H, W] in 0..1 as one file.
 * @param name of the file without its extension
 */
export async function saveImages(
  images: readonly Float32Array[],
  shape: ImageShape,
  format: ImageFormat,
  name: string,
): Promise<void> {
  const file = await encodeFile({ grid: { images, shape, format } });
  download(file, `${name}.${file.type.replace('image/', '')}`);
}

/**
 * The file of codes: JSON with these keys. Codes of the prior `sphere` have norm 1, up to rounding.
 * @example
 * { "format": "agenet codes 1", "name": "mnist-1, iteration 2000", "iteration": 2000, "prior": "sphere", "codes": [{ "name": "sample 3 of seed 0", "distance": 1, "code": [0.12, -0.05] }] }
 */
interface CodesFile {
  readonly format: 'agenet codes 1';
  /** Of the model. */
  readonly name: string;
  /** Of the checkpoint. */
  readonly iteration: number;
  readonly prior: Prior;
  readonly codes: readonly {
    readonly name: string;
    /** From codes of images: 0 for those, 1 for samples of the prior. The generator blends its running statistics accordingly. */
    readonly distance: number;
    /** [M]. */
    readonly code: readonly number[];
  }[];
}

interface NamedCode {
  readonly name: string;
  readonly distance: number;
  readonly code: Float32Array;
}

/** @param name of the file without its extension */
export function saveCodes({ info, step }: ExploredModel, codes: readonly NamedCode[], name: string): void {
  const file: CodesFile = {
    format: 'agenet codes 1',
    name: info.name,
    iteration: step,
    prior: info.prior,
    codes: codes.map(({ code, ...others }) => ({
      name: others.name,
      distance: others.distance,
      code: Array.from(code),
    })),
  };
  download(new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: 'application/json' }), `${name}.json`);
}

/** Joins parts to a file name without its extension, such as `mnist-1-iteration-2000-sample-3`. */
export const fileName = (...parts: readonly string[]): string =>
  parts
    .map((part) => part.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/gu, ''))
    .filter((part) => part !== '')
    .join('-')
    .slice(0, MAX_NAME);
const MAX_NAME = 120;
