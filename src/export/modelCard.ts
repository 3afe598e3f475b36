/** The model card of an export: what the model is, its metrics, how to run it, and its limits. Markdown. */
import type { Configuration } from '../training/configuration.js';
import type { NetworkFile } from './networkFiles.js';
import type { Precision } from './precision.js';

/** The difference between two results, over all their elements. */
export interface Difference {
  readonly mean: number;
  readonly max: number;
}

/** What storing weights with fewer bits has cost. */
export interface PrecisionCost {
  /** Images in 0..1 of the same draws from the prior. */
  readonly images: Difference;
  /** Codes of the same images. */
  readonly codes: Difference;
  /** FID with float32 and with the stored weights; absent if it could not be measured. */
  readonly fid?: { readonly float32: number; readonly stored: number; readonly samples: number };
}

/** The subject of a model card. */
export interface ModelCard {
  readonly name: string;
  readonly version: string;
  readonly configuration: Configuration;
  /** Iterations of training. */
  readonly step: number;
  readonly weights: 'ema' | 'raw';
  readonly precision: Precision;
  /** Bytes of each file. */
  readonly files: Readonly<Partial<Record<NetworkFile, number>>>;
  /** The data, if it could be opened. */
  readonly data?: { readonly train: number; readonly test: number } | undefined;
  /** Metrics of these weights, if they were evaluated. */
  readonly evaluation?: { readonly metrics: Readonly<Record<string, number | null>>; readonly images: number; readonly samples: number } | undefined;
  readonly cost?: PrecisionCost | undefined;
  readonly hasReconstructions: boolean;
}

/** Returns the text of a model card. */
export function modelCardText(card: ModelCard): string {
  const sections = [
    frontMatter(card),
    `# ${plain(card.name)}`,
    introduction(card),
    card.hasReconstructions ? '![Samples](samples.png) ![Images, each next to its reconstruction](reconstructions.png)' : '![Samples](samples.png)',
    filesSection(card),
    pythonSection(card),
    javascriptSection(card),
    trainingSection(card),
    qualitySection(card),
    ...(card.cost ? [precisionSection(card.precision, card.cost)] : []),
    limitsSection(card),
  ];
  return `${sections.join('\n\n')}\n`;
}

const frontMatter = ({ configuration }: ModelCard): string =>
  ['---', 'library_name: onnx', `tags: [agenet, adversarial-generator-encoder, ${configuration.network}]`, '---'].join('\n');

/** Text of a user in Markdown, where it means nothing but itself. */
const plain = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').replace(/[\\`*_{}[\]<>()#|!]/g, '\\$&');

/** The name of the data without the folder in which it was. */
export const dataName = ({ data }: Configuration): string =>
  data
    .slice(data.indexOf(':') + 1)
    .split(/[\\/]/)
    .findLast((part) => part !== '') ?? 'images';

const channelsOf = ({ channels }: Configuration): string => (channels === 1 ? 'grayscale' : 'RGB');

function introduction({ configuration }: ModelCard): string {
  const { latent, size, prior } = configuration;
  return `An adversarial generator-encoder network (AGE, arXiv 1704.02304). Its generator makes ${channelsOf(configuration)} images of ${size}x${size} pixels from codes of ${latent} coordinates${prior === 'sphere' ? ' on the unit sphere' : ''}, and its encoder returns the codes of such images.`;
}

const NETWORKS: Readonly<Record<NetworkFile, (shape: string, codes: string) => string>> = {
  generator: (shape, codes) => `\`codes\` ${codes}, drawn from the prior | \`images\` ${shape}`,
  encoder: (shape, codes) => `\`images\` ${shape} | \`codes\` ${codes}`,
  decoder: (shape, codes) =>
    `\`codes\` ${codes} of images, or between them; \`distance\` [1]: 0 for codes of images, 0.5 halfway between two, 1 for draws from the prior | \`images\` ${shape}`,
};

function filesSection({ files, configuration: { channels, size, latent, padding } }: ModelCard): string {
  const [shape, codes] = [`[N, ${channels}, ${size}, ${size}]`, `[N, ${latent}]`];
  const rows = (Object.entries(files) as [NetworkFile, number][]).map(
    ([file, bytes]) => `| \`${file}.onnx\` | ${(bytes / 1e6).toFixed(2)} | ${NETWORKS[file](shape, codes)} |`,
  );
  const lines = ['## Files', '', '| file | MB | input | output |', '| --- | --- | --- | --- |', ...rows, ''];
  const border = padding ? ` Images have a border of ${padding.border} pixels with the value ${padding.value / 255} on each side.` : '';
  return [
    ...lines,
    `All are float32, N is any number, and images are in 0..1, channel by channel, rows from the top.${border} Operators are those of ONNX opset 18.`,
  ].join('\n');
}

const isSphere = ({ configuration: { prior } }: ModelCard): boolean => prior === 'sphere';

function pythonSection(card: ModelCard): string {
  const { latent } = card.configuration;
  const decode = card.files.decoder
    ? `decoder = ort.InferenceSession("decoder.onnx")
[reconstructions] = decoder.run(None, {"codes": codes, "distance": np.zeros(1, np.float32)})`
    : '[reconstructions] = generator.run(None, {"codes": codes})';
  return `## Python

\`\`\`python
import numpy as np
import onnxruntime as ort

generator = ort.InferenceSession("generator.onnx")
draws = np.random.default_rng(0).standard_normal((16, ${latent})).astype(np.float32)
${isSphere(card) ? 'draws /= np.linalg.norm(draws, axis=1, keepdims=True)\n' : ''}[images] = generator.run(None, {"codes": draws})

encoder = ort.InferenceSession("encoder.onnx")
[codes] = encoder.run(None, {"images": images})

${decode}
print(images.shape, codes.shape, reconstructions.shape)
\`\`\``;
}

function javascriptSection(card: ModelCard): string {
  const { latent } = card.configuration;
  const normalize = `for (let start = 0; start < draws.length; start += ${latent}) {
  const code = draws.subarray(start, start + ${latent});
  const norm = Math.hypot(...code);
  code.forEach((value, index) => (code[index] = value / norm));
}
`;
  const decode = card.files.decoder
    ? `const decoder = await ort.InferenceSession.create('decoder.onnx');
const distance = new ort.Tensor('float32', [0], [1]);
const { images: reconstructions } = await decoder.run({ codes, distance });`
    : 'const { images: reconstructions } = await generator.run({ codes });';
  return `## JavaScript

\`\`\`js
import * as ort from 'onnxruntime-node'; // in a web page: 'onnxruntime-web'

const generator = await ort.InferenceSession.create('generator.onnx');
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const draws = Float32Array.from({ length: 16 * ${latent} }, normal);
${isSphere(card) ? normalize : ''}const { images } = await generator.run({ codes: new ort.Tensor('float32', draws, [16, ${latent}]) });

const encoder = await ort.InferenceSession.create('encoder.onnx');
const { codes } = await encoder.run({ images });

${decode}
console.log(images.dims, codes.dims, reconstructions.dims);
\`\`\``;
}

function trainingSection({ configuration, step, weights, data, version }: ModelCard): string {
  const { network, width, latent, prior, batch, learningRate, schedule, ema, divergence, moment, matchX, matchZ, seed } = configuration;
  const rows: readonly (readonly [string, string])[] = [
    ['data', `${plain(dataName(configuration))}${data ? `, ${data.train} training images and ${data.test} test images` : ''}`],
    ['networks', `${network}, width ${width}, latent size ${latent}, prior ${prior}`],
    ['training', `${step} iterations of ${batch} images, seed ${seed}, by agenet ${version}`],
    ['encoder updates', `\`${configuration.encoderUpdates}\``],
    ['generator updates', `\`${configuration.generatorUpdates}\``],
    ['losses', `divergence ${divergence} (${moment}), match_x ${matchX}, match_z ${matchZ}`],
    ['optimizer', `Adam, learning rate ${learningRate}, schedule ${schedule}`],
    ['weights', weights === 'ema' ? `exponential moving average, decay ${ema}` : 'those of the last iteration'],
  ];
  return ['## Training', '', '| | |', '| --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

function qualitySection({ evaluation }: ModelCard): string {
  if (!evaluation) return '## Metrics\n\nThese weights were not evaluated.';
  const { metrics, images, samples } = evaluation;
  const rows = Object.entries(metrics).map(([name, value]) => `| \`${name}\` | ${value === null ? 'not finite' : Number(value.toPrecision(4))} |`);
  const from = `${samples > 0 ? `${samples} samples and ` : ''}${images} images.`;
  return ['## Metrics', '', from, '', '| metric | value |', '| --- | --- |', ...rows].join('\n');
}

function precisionSection(precision: Precision, { images, codes, fid }: PrecisionCost): string {
  const row = (name: string, { mean, max }: Difference) => `| ${name} | ${mean.toExponential(1)} | ${max.toExponential(1)} |`;
  const cost = fid
    ? `FID of ${fid.samples} samples: ${fid.float32.toFixed(2)} with float32, ${fid.stored.toFixed(2)} with ${precision}.`
    : 'The effect on FID was not measured.';
  const table = ['| difference from float32 | mean | largest |', '| --- | --- | --- |', row('images, in 0..1', images), row('codes', codes)];
  return ['## Precision', '', `Kernels are stored as ${precision}, and networks compute in float32.`, '', ...table, '', cost].join('\n');
}

function limitsSection({ configuration, data }: ModelCard): string {
  const { size } = configuration;
  return `## Limits

- Any image is reconstructed as something like its training images${data ? ` (${data.train} of ${plain(dataName(configuration))})` : ''}, because it was trained on no others.
- A code has ${configuration.latent} numbers, so reconstructions lose details of an image.
- Some samples are not realistic, and samples may resemble training images. Consider whose images these were before you publish samples.
- Images of other sizes have to be made ${size}x${size} ${channelsOf(configuration)} in the way of the training data.`;
}
