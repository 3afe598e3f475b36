import type { Prior } from '../age/prior.js';
import type { ConditionAttribute } from '../conditions/attributes.js';
import { type CodeDensity, densityShapes } from '../density/codeDensity.js';
import type { ConditionPart } from '../networks/network.js';
import type { DecodeOptions } from '../images/preprocessing.js';

export interface PageModel {
  name: string;
  /** Two sentences. */
  summary: string;
  latent: number;
  prior: Prior;
  /** Of conditional models. */
  condition?: PageCondition;
  shape: readonly [channels: number, height: number, width: number];
  /** Turns images into inputs of the encoder. */
  preprocessing: DecodeOptions;
  /**
   * ONNX files, as base64 of gzip. If there is a decoder, it replaces the generator, which it equals at the distance 1.
   */
  networks: { generator: string; encoder: string };
  /** Of codes of training images, from which samples are drawn (default: from the prior). */
  density?: PageDensity;
}

interface PageDensity {
  gaussians: number;
  /** N (default: none). */
  codes?: number;
  /** Its tensors in the order of `densityShapes`, as base64 of gzip of float32. */
  values: string;
}

/** Returns the tensors of a density one after another. */
export function densityValues(density: CodeDensity): Float32Array {
  const names = Object.keys(densityShapes(0, 0, 0, undefined)) as (keyof CodeDensity)[];
  const values = new Float32Array(names.reduce((size, name) => size + density[name].length, 0));
  let offset = 0;
  for (const name of names) {
    values.set(density[name], offset);
    offset += density[name].length;
  }
  return values;
}

/** @param values the unpacked values of a page's density */
export function densityOf(
  { gaussians, codes = 0 }: PageDensity,
  values: ArrayBuffer,
  { latent, condition }: { latent: number; condition: Pick<PageCondition, 'shape'> | undefined },
): CodeDensity {
  let offset = 0;
  const tensors = Object.entries(densityShapes(gaussians, codes, latent, condition)).map(([name, shape]) => {
    const size = shape.reduce((product: number, side) => product * side, 1);
    const tensor = new Float32Array(values, offset, size);
    offset += tensor.byteLength;
    return [name, tensor];
  });
  return Object.fromEntries(tensors) as CodeDensity;
}

interface PageCondition {
  /** As in the configuration, without a path. */
  setting: string;
  classes: readonly string[];
  attributes: readonly ConditionAttribute[];
  /** Without the batch axis. */
  shape: readonly number[];
  /** What the numbers mean. */
  parts?: readonly ConditionPart[];
}

/** Each variable has a script of its own, because a page opened from a file can load nothing else. */
export interface PageGlobals {
  agenetModel: PageModel;
  /** ONNX Runtime for WebAssembly, as base64 of gzip. */
  agenetRuntime: string;
}
