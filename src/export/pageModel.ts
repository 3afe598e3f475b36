import type { Prior } from '../age/prior.js';
import type { ConditionAttribute } from '../conditions/attributes.js';
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
}

interface PageCondition {
  /** As in the configuration, without a path. */
  setting: string;
  classes: readonly string[];
  attributes: readonly ConditionAttribute[];
  /** Without the batch axis. */
  shape: readonly number[];
}

/** Each variable has a script of its own, because a page opened from a file can load nothing else. */
export interface PageGlobals {
  agenetModel: PageModel;
  /** ONNX Runtime for WebAssembly, as base64 of gzip. */
  agenetRuntime: string;
}
