import type { Prior } from '../age/prior.js';
import type { DecodeOptions } from '../images/preprocessing.js';

export interface PageModel {
  name: string;
  /** Two sentences. */
  summary: string;
  latent: number;
  prior: Prior;
  /** Names of the classes of a conditional model. */
  classes?: readonly string[];
  /** Of conditional models, without the batch axis. */
  conditionShape?: readonly number[];
  shape: readonly [channels: number, height: number, width: number];
  /** Turns images into inputs of the encoder. */
  preprocessing: DecodeOptions;
  /**
   * ONNX files, as base64 of gzip. If there is a decoder, it replaces the generator, which it equals at the distance 1.
   */
  networks: { generator: string; encoder: string };
}

/** Each variable has a script of its own, because a page opened from a file can load nothing else. */
export interface PageGlobals {
  agenetModel: PageModel;
  /** ONNX Runtime for WebAssembly, as base64 of gzip. */
  agenetRuntime: string;
}
