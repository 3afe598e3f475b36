/** What the page of an export reads: the networks and how to use them, as a script, because a page opened from a file can load nothing else. */
import type { Prior } from '../age/prior.js';
import type { DecodeOptions } from '../images/preprocessing.js';
import type { NetworkFile } from './networkFiles.js';

/** The model of a page. */
export interface PageModel {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly latent: number;
  readonly prior: Prior;
  /** Channels, height and width of images. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** How images become inputs of the encoder. */
  readonly preprocessing: DecodeOptions;
  /** ONNX files, as base64 of gzip. */
  readonly networks: Readonly<Record<Exclude<NetworkFile, 'decoder'>, string>> & { readonly decoder?: string };
}

/** The global variables of a page, each set by a script of its own. */
export interface PageGlobals {
  readonly agenetModel: PageModel;
  /** ONNX Runtime for WebAssembly, as base64 of gzip. */
  readonly agenetRuntime: string;
}

/** A script that sets a global variable of a page. */
export const globalScript = <K extends keyof PageGlobals>(name: K, value: PageGlobals[K]): string => `globalThis.${name} = ${JSON.stringify(value)};\n`;
