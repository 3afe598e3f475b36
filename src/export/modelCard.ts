import { conditionOf } from '../conditions/condition.js';
import type { Configuration } from '../training/configuration.js';
import { javascriptSnippet, pythonSnippet } from './cardSnippets.js';
import type { NetworkFile } from './networkFiles.js';
import type { Precision } from './precision.js';
import type { Difference, PrecisionCost } from './precisionCost.js';

export interface CardEvaluation {
  metrics: Record<string, number | null>;
  data: string;
  split: string;
  images: number;
  samples: number;
  /** The network whose features FID and similar metrics compare. */
  extractor?: string | undefined;
}

export interface ModelCard {
  name: string;
  version: string;
  configuration: Configuration;
  /** Number of iterations. */
  step: number;
  weights: 'ema' | 'raw';
  precision: Precision;
  /** Bytes of each file. */
  files: Partial<Record<NetworkFile, number>>;
  /** Numbers of images, if the training data could be opened. */
  data?: { train: number; test: number } | undefined;
  /** Of the float32 weights. */
  evaluation?: CardEvaluation | undefined;
  cost?: PrecisionCost | undefined;
  hasReconstructions: boolean;
  hasPage: boolean;
}

export function modelCardText(card: ModelCard) {
  const sections = [
    frontMatter(card),
    `# ${plain(card.name)}`,
    introduction(card.configuration),
    `![Samples](samples.png)${card.hasReconstructions ? ' ![Images, each next to its reconstruction](reconstructions.png)' : ''}`,
    filesSection(card),
    codeSection('Python', 'python', pythonSnippet(snippetSubject(card))),
    codeSection('JavaScript', 'js', javascriptSnippet(snippetSubject(card))),
    trainingSection(card),
    qualitySection(card),
    ...(card.cost ? [precisionSection(card.precision, card.cost)] : []),
    limitsSection(card),
  ];
  return `${sections.join('\n\n')}\n`;
}

const snippetSubject = ({ configuration, files }: ModelCard) => ({
  latent: configuration.latent,
  prior: configuration.prior,
  condition: conditionOf(configuration)?.shape,
  files,
});

const codeSection = (title: string, language: string, code: string) =>
  `## ${title}\n\n\`\`\`${language}\n${code}\n\`\`\``;

const frontMatter = ({ configuration }: ModelCard) =>
  `---\nlibrary_name: onnx\ntags: [agenet, adversarial-generator-encoder, ${configuration.network}]\n---`;

/** Escapes text for Markdown. */
const plain = (text: string) => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').replace(/[\\`*_{}[\]<>()#|!]/g, '\\$&');

export const lastPart = (path: string) =>
  path.split(/[\\/]/).findLast((part) => part !== '' && part !== '.') ?? 'images';

/** The name of the data set, or else of the file or folder without its path. */
export function dataName({ data }: Configuration) {
  const [, prefix = 'folder', path] = /^([a-z][a-z\d-]+):(.*)$/s.exec(data) ?? [undefined, undefined, data];
  return prefix === 'folder' || prefix === 'npz' ? lastPart(path) : prefix;
}

const channelsOf = ({ channels }: Configuration) => (channels === 1 ? 'grayscale' : 'RGB');

export function introduction(configuration: Configuration) {
  const { latent, size, prior } = configuration;
  const domain = prior === 'sphere' ? ' on the unit sphere' : '';
  return `An adversarial generator-encoder network (AGE, arXiv 1704.02304). Its generator makes ${channelsOf(configuration)} images of ${size}x${size} pixels from codes of ${latent} coordinates${domain}, and its encoder returns the codes of such images.`;
}

/** @param condition the input of conditional networks, after a semicolon, or '' */
const NETWORKS: Record<NetworkFile, (shape: string, codes: string, condition: string) => string> = {
  generator: (shape, codes, condition) =>
    `\`codes\` ${codes}, sampled from the prior${condition} | \`images\` ${shape}`,
  encoder: (shape, codes, condition) => `\`images\` ${shape}${condition} | \`codes\` ${codes}`,
  decoder: (shape, codes, condition) =>
    `\`codes\` ${codes} of images, or between them; \`distance\` [1]: the squared sine of their angle to the nearest code of an image, 1 for samples of the prior${condition} | \`images\` ${shape}`,
  sampler: (_, codes, condition) =>
    `\`uniform\` [N, 3] in 0..1; \`noise\` ${codes}, standard normal${condition} | \`codes\` ${codes} of samples, distributed like codes of training images`,
};

const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function filesSection({ files, hasPage, configuration }: ModelCard) {
  const { channels, size, latent, padding } = configuration;
  const [shape, codes] = [`[N, ${channels}, ${size}, ${size}]`, `[N, ${latent}]`];
  const conditionShape = conditionOf(configuration)?.shape;
  const condition = conditionShape ? `; \`condition\` [N, ${conditionShape.join(', ')}]` : '';
  const rows = (Object.entries(files) as [NetworkFile, number][]).map(([file, bytes]) =>
    row(`\`${file}.onnx\``, (bytes / 1e6).toFixed(2), NETWORKS[file](shape, codes, condition)),
  );
  const border = padding
    ? ` Images have a border of ${padding.border} pixels with the value ${padding.value / 255} on each side.`
    : '';
  const conditions = conditionShape ? `\n\n${conditionMeaning(configuration)}` : '';
  const page = hasPage
    ? '\n\n`index.html` runs the networks in a browser, opened from this folder or from any static host. It needs the files beside it.'
    : '';
  return `## Files

| file | MB | input | output |
| --- | --- | --- | --- |
${rows.join('\n')}

All are float32, N is any number, and images are in 0..1, channel by channel, rows from the top.${border} Operators belong to ONNX opset 18.${conditions}${page}`;
}

/** What the numbers of a condition stand for. */
function conditionMeaning({ condition, classes, attributes, channels }: Configuration) {
  const shown = channels === 1 ? 'value' : 'values';
  if (condition === 'class')
    return `\`condition\` is 1 at the class of the image and 0 elsewhere, or 0 everywhere for any class. The classes are, in this order: ${classes.map(plain).join(', ')}.`;
  if (condition === 'gray') return '`condition` is the luminance of the image, in -1..1 (ITU-R BT.601).';
  if (condition === 'mask')
    return `\`condition\` has the ${shown} of the image in -1..1, with 0 in holes, and then a channel with 1 where the image is shown and 0 in holes.`;
  if (attributes.length === 0)
    return '`condition` is the image in -1..1, reduced by the mean of blocks, and enlarged again by repeating pixels.';
  const parts = attributes.map((attribute) =>
    'values' in attribute
      ? `${plain(attribute.name)} (1 at one of ${attribute.values.map(plain).join(', ')})`
      : `${plain(attribute.name)} (1, and the number from -1 for ${attribute.low} to 1 for ${attribute.high})`,
  );
  return `\`condition\` has these attributes one after another, each with 0 everywhere if it is unknown: ${parts.join('; ')}.`;
}

function trainingSection(card: ModelCard) {
  const { configuration, step, data, version } = card;
  const { network, width, latent, prior, initFrom } = configuration;
  const counts = data ? `, ${data.train} training images and ${data.test} test images` : '';
  const origin = initFrom && `from ${plain(lastPart(initFrom))}; how these were trained is not recorded here`;
  const rows = {
    data: `${plain(dataName(configuration))}${counts}`,
    networks: `${network}, width ${width}, latent size ${latent}, prior ${prior}`,
    ...(origin && { 'initial weights': origin }),
    ...(step > 0 && recipeRows(card)),
    'exported by': `agenet ${version}`,
  };
  const lines = Object.entries(rows).map((cells) => row(...cells));
  return ['## Training', '', '| | |', '| --- | --- |', ...lines].join('\n');
}

function recipeRows({ configuration, step, weights }: ModelCard) {
  const { batch, learningRate, schedule, ema, divergence, moment, matchX, matchZ, seed } = configuration;
  const { crop, flip, augment, encoderUpdates, generatorUpdates, updateOrder, margin, codeNoise, stages } =
    configuration;
  const changes = [...(flip ? ['mirrored at random'] : []), ...augment.map((name) => `augmentation ${name}`)];
  return {
    training: `${step} iterations of ${batch} images, seed ${seed}`,
    images: [`crop ${crop}`, ...changes].join(', '),
    'encoder updates': `\`${encoderUpdates}\``,
    'generator updates': `\`${generatorUpdates}\``,
    ...Object.fromEntries(stages.map(({ epoch, ...plans }) => [`from epoch ${epoch}`, plansOf(plans)])),
    'order of updates': updateOrder,
    losses: `divergence ${divergence} (${moment}), margin ${margin}, code noise ${codeNoise}, match_x ${matchX}, match_z ${matchZ}`,
    optimizer: `Adam, learning rate ${learningRate}, schedule ${schedule}`,
    weights: weights === 'ema' ? `exponential moving average, decay ${ema}` : 'of the last iteration',
  };
}

const plansOf = (plans: Omit<Configuration['stages'][number], 'epoch'>) =>
  Object.entries(plans)
    .map(([network, plan]) => `${network} \`${plan}\``)
    .join(', ');

function qualitySection({ evaluation, precision }: ModelCard) {
  if (!evaluation) return '## Metrics\n\nThese weights were not evaluated.';
  const { metrics, data, split, images, samples, extractor } = evaluation;
  const compared = samples > 0 ? `${samples} samples and ` : '';
  const weights = precision === 'float32' ? '' : ', with float32 weights';
  const features =
    extractor === undefined
      ? ''
      : ` Features come from the ${plain(extractor)}: compare FID, KID and the like only with values of the same extractor.`;
  const rows = Object.entries(metrics).map(([name, value]) =>
    row(`\`${name.replace(/\W/g, '')}\``, value === null ? 'not finite' : String(Number(value.toPrecision(4)))),
  );
  return `## Metrics

${compared}${images} ${split} images of ${plain(data)}${weights}.${features}

| metric | value |
| --- | --- |
${rows.join('\n')}`;
}

function precisionSection(precision: Precision, { images, angles, fid }: PrecisionCost) {
  const difference = (name: string, { mean, max }: Difference) =>
    row(name, mean.toExponential(1), max.toExponential(1));
  const distances = fid
    ? `\n\nFID of ${fid.samples} samples and ${fid.images} test images: ${fid.float32.toFixed(2)} with float32, ${fid.stored.toFixed(2)} with ${precision} (features of the ${plain(fid.extractor)}).`
    : '';
  return `## Precision

Kernels are stored as ${precision}, and networks compute in float32.

| difference from float32 | mean | largest |
| --- | --- | --- |
${difference('pixels of samples, in 0..1', images)}
${difference('angle of codes, in degrees', angles)}${distances}`;
}

function limitsSection({ configuration, data, step }: ModelCard) {
  const { size, initFrom } = configuration;
  const images = `${data ? `${data.train} ` : ''}images of ${plain(dataName(configuration))}`;
  const training =
    initFrom === undefined
      ? `The model was trained only on ${images}`
      : step === 0
        ? 'The images of its training are not recorded'
        : `The model was last trained on ${images}`;
  return `## Limits

- ${training}; other images are reconstructed to resemble its training images.
- A code has ${configuration.latent} numbers, so reconstructions lose details of an image.
- Some samples are not realistic, and samples may resemble training images. Check that you may publish such images.
- Resize and crop other images to ${size}x${size} ${channelsOf(configuration)} as for training.`;
}
