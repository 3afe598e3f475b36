/** The networks of a model. */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type { PageModel } from '../../src/export/pageModel.js';
import { oneHot } from '../../src/conditions/classes.js';
import { oneAtATime } from '../../src/turns.js';

/** A code and its distance from codes of images: 0 for these, 1 for samples of the prior. */
export interface Code {
  code: Float32Array;
  distance: number;
  /** The class to decode with; null for any (default), and for models without classes. */
  label?: number | null;
}

/** A code with its image [C, H, W] in 0..1. */
export interface Point extends Code {
  image: Float32Array;
}

/** Functions on images [C, H, W] in 0..1. */
export interface Networks {
  generate: (code: Code) => Promise<Float32Array>;
  encode: (inputs: { image: Float32Array; label?: number | null }) => Promise<Float32Array>;
}

/** The reconstruction of an image. */
export async function reconstruct(
  networks: Networks,
  image: Float32Array,
  label: number | null = null,
): Promise<Point> {
  const code = { code: await networks.encode({ image, label }), distance: 0, label };
  return { ...code, image: await networks.generate(code) };
}

/** How samples are drawn. */
export interface SampleStyle {
  /** The class; null for any. */
  label: number | null;
  /** Whether samples are reconstructed. */
  isRefined: boolean;
}

/** A sample of the prior with its image, or the reconstruction of this image. */
export async function sampleOf(
  networks: Networks,
  drawn: Float32Array,
  { isRefined, label }: SampleStyle,
): Promise<Point> {
  const code = { code: drawn, distance: 1, label };
  const image = await networks.generate(code);
  // A file has bytes, as `agenet sample --refine` has.
  return isRefined
    ? reconstruct(
        networks,
        image.map((value) => Math.round(255 * value) / 255),
        label,
      )
    : { ...code, image };
}

/** The facts about a model. */
export type ModelInfo = Omit<PageModel, 'networks'>;

/** Where the page loads ONNX Runtime from: its WebAssembly, or the URLs of its two files. */
export type Runtime = { wasmBinary: ArrayBuffer } | { wasmPaths: { mjs: string; wasm: string } };

/** Loads the networks of an export. */
export async function loadNetworks(
  { networks, shape, latent, classes = [], conditionShape }: PageModel,
  runtime: Runtime,
): Promise<Networks & { release: () => void }> {
  // More threads need headers that few static hosts send, and an image takes a few milliseconds.
  env.wasm.numThreads = 1;
  Object.assign(env.wasm, runtime);
  const load = async (network: string) => InferenceSession.create(new Uint8Array(await unpack(network)));
  const [generator, encoder] = [await load(networks.generator), await load(networks.encoder)];
  // ONNX Runtime runs one model at a time.
  const inTurn = oneAtATime();
  const run = (session: InferenceSession, feeds: Record<string, Tensor>, output: string) =>
    inTurn(async () => (await session.run(feeds))[output]!.data as Float32Array);
  const conditionOf = (label: number | null) => {
    if (conditionShape === undefined) return undefined;
    // Zeros stand for an unknown condition.
    const values = classes.length > 0 ? oneHot([label], classes.length) : new Float32Array(product(conditionShape));
    return { condition: new Tensor('float32', values, [1, ...conditionShape]) };
  };
  return {
    generate: ({ code, distance, label = null }) => {
      const blend = generator.inputNames.includes('distance') && {
        distance: new Tensor('float32', [distance], [1]),
      };
      const codes = new Tensor('float32', code, [1, latent]);
      return run(generator, { codes, ...blend, ...conditionOf(label) }, 'images');
    },
    encode: ({ image, label = null }) =>
      run(encoder, { images: new Tensor('float32', image, [1, ...shape]), ...conditionOf(label) }, 'codes'),
    release: () => void inTurn(() => Promise.all([generator.release(), encoder.release()])).catch(() => undefined),
  };
}

const product = (shape: readonly number[]) => shape.reduce((size, side) => size * side, 1);

/** Decodes base64 of gzip. */
export async function unpack(text: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}
