/** The networks of a model. */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type { CodeSource } from '../../src/density/codeDensity.js';
import { predictConditions } from '../../src/density/conditionPredictor.js';
import { densityOf, type PageModel } from '../../src/export/pageModel.js';
import { oneAtATime } from '../../src/turns.js';

/** A code and its distance from codes of images: 0 for these and for samples of their density, 1 for samples of the prior. */
export interface Code {
  code: Float32Array;
  distance: number;
  /** Of conditional models, [K] or a picture [C, H, W] (default: unknown). */
  condition?: Float32Array | undefined;
}

/** A code with its image [C, H, W] in 0..1. */
export interface Point extends Code {
  image: Float32Array;
}

/** Functions on images [C, H, W] in 0..1. */
export interface Networks {
  /** Where codes of samples are drawn from. */
  source: CodeSource;
  generate: (code: Code) => Promise<Float32Array>;
  encode: (inputs: { image: Float32Array; condition?: Float32Array | undefined }) => Promise<Float32Array>;
}

/** The reconstruction of an image. */
export async function reconstruct(networks: Networks, image: Float32Array, condition?: Float32Array): Promise<Point> {
  const code = { code: await networks.encode({ image, condition }), distance: 0, condition };
  return { ...code, image: await networks.generate(code) };
}

/** Predicts the class or the attributes of an image, as `agenet reconstruct` does. */
export async function predictedCondition({ source, encode }: Networks, image: Float32Array) {
  const { density, condition, latentSize: width } = source;
  if (!density || !condition?.parts) return undefined;
  return predictConditions(density.predictor, { data: await encode({ image }), width }, condition.parts);
}

/** How samples are drawn. */
export interface SampleStyle {
  condition?: Float32Array | undefined;
  /** Whether samples are reconstructed (default: those of the prior). */
  isRefined?: boolean | undefined;
}

/** As by default in `agenet sample`. */
export const isRefinedByDefault = ({ source }: Networks): boolean => source.density === undefined;

/** Names samples that are not drawn as by default. */
export const styleName = (networks: Networks, isRefined = isRefinedByDefault(networks)): string =>
  isRefined === isRefinedByDefault(networks) ? '' : isRefined ? 'refined ' : 'one-pass ';

/** A sample with its image, or the reconstruction of this image. @param drawn a code from `drawSampleCodes` */
export async function sampleOf(
  networks: Networks,
  drawn: Float32Array,
  { isRefined = isRefinedByDefault(networks), condition }: SampleStyle,
): Promise<Point> {
  const code = { code: drawn, distance: networks.source.density ? 0 : 1, condition };
  const image = await networks.generate(code);
  // A file has bytes, as `agenet sample --refine` has.
  return isRefined
    ? reconstruct(
        networks,
        image.map((value) => Math.round(255 * value) / 255),
        condition,
      )
    : { ...code, image };
}

/** The facts about a model. */
export type ModelInfo = Omit<PageModel, 'networks' | 'density'>;

/** Where the page loads ONNX Runtime from: its WebAssembly, or the URLs of its two files. */
export type Runtime = { wasmBinary: ArrayBuffer } | { wasmPaths: { mjs: string; wasm: string } };

/** Loads the networks of an export. */
export async function loadNetworks(
  { networks, shape, latent, prior, density, condition: given }: PageModel,
  runtime: Runtime,
): Promise<Networks & { release: () => void }> {
  // More threads need headers that few static hosts send, and an image takes a few milliseconds.
  env.wasm.numThreads = 1;
  Object.assign(env.wasm, runtime);
  const load = async (network: string) => InferenceSession.create(new Uint8Array(await unpack(network)));
  const [generator, encoder] = [await load(networks.generator), await load(networks.encoder)];
  const fitted = density && densityOf(density, await unpack(density.values), { latent, condition: given });
  // ONNX Runtime runs one model at a time.
  const inTurn = oneAtATime();
  const run = (session: InferenceSession, feeds: Record<string, Tensor>, output: string) =>
    inTurn(async () => (await session.run(feeds))[output]!.data as Float32Array);
  // Zeros stand for an unknown condition.
  const conditionOf = (values?: Float32Array) =>
    given && {
      condition: new Tensor('float32', values ?? new Float32Array(product(given.shape)), [1, ...given.shape]),
    };
  return {
    source: { density: fitted, prior, latentSize: latent, condition: given },
    generate: ({ code, distance, condition }) => {
      const blend = generator.inputNames.includes('distance') && {
        distance: new Tensor('float32', [distance], [1]),
      };
      const codes = new Tensor('float32', code, [1, latent]);
      return run(generator, { codes, ...blend, ...conditionOf(condition) }, 'images');
    },
    encode: ({ image, condition }) =>
      run(encoder, { images: new Tensor('float32', image, [1, ...shape]), ...conditionOf(condition) }, 'codes'),
    release: () => void inTurn(() => Promise.all([generator.release(), encoder.release()])).catch(() => undefined),
  };
}

const product = (shape: readonly number[]) => shape.reduce((size, side) => size * side, 1);

/** Decodes base64 of gzip. */
export async function unpack(text: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}
