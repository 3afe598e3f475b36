import { Option } from '@commander-js/extra-typings';
import { classNameOf, gatherImages, type ImageSource, type Split } from '../../data/source.js';
import { InputError, setting, text } from '../../errors.js';
import { imagesIn } from '../../images/imageGrid.js';
import { drawImageMap } from '../../images/imageMap.js';
import type { MapMethod } from '../../model/codeMap.js';
import { randomStream, shuffledIndices } from '../../random.js';
import type { Action, OptionsOf, Subcommand, Terminal } from '../command.js';
import {
  addDrawingOptions,
  addModelOptions,
  describeImage,
  type OpenedModel,
  splitOf,
  withRunData,
  writeDrawing,
} from '../modelCommand.js';
import { RUN_DATA_HELP, seedOption, splitOption, wholeNumber } from '../options.js';
import { prepareOutput, writeJson } from '../output.js';
import { countingProgress } from '../progress.js';

/** Further images are drawn as points. */
const MAX_PICTURES = 2000;
/** UMAP takes a minute for 5,000 images, and its time grows with the square of their number. */
const DEFAULT_COUNT: Record<MapMethod, number> = { pca: 100_000, umap: 2000 };

export const summary = 'arrange images on a plane by their latent codes';
export const group = 'Samples and codes:';
export const details = `
Examples:
  agenet map runs/mnist-1                             all training images at their codes, as map.png
  agenet map runs/mnist-1 --method umap --out clusters.png
  agenet map runs/mnist-1 --split test --out map.json    coordinates and labels, to plot elsewhere
`;

export const define = (command: Subcommand) =>
  addModelOptions(
    addDrawingOptions(
      command
        .argument('<run>', 'run folder or checkpoint')
        .argument('[data]', RUN_DATA_HELP)
        .addOption(
          new Option(
            '--method <name>',
            'layout: pca, the two directions of largest variance; umap, which keeps neighbors together',
          )
            .choices(['pca', 'umap'] as const satisfies readonly MapMethod[])
            .default('pca' as const),
        )
        .option(
          '--count <number>',
          `maximum number of images, chosen at random (default: all with pca, ${DEFAULT_COUNT.umap} with umap)`,
          wholeNumber(2, 100_000),
        )
        .option(
          '--cells <number>',
          'images along the longer side (default: depends on their number)',
          wholeNumber(1, 500),
        )
        .addOption(splitOption())
        .addOption(seedOption())
        .option('--out <file>', 'a .png or .webp image, or .json with coordinates', 'map.png'),
    ),
  );

type Options = OptionsOf<typeof define>;

export const action: Action<typeof define> = async (terminal, run, data, options) => {
  const kind = await prepareOutput(options, ['image', 'json']);
  const remedy = text`name a .png file with ${setting('out')}`;
  if (kind === 'json' && options.cells !== undefined)
    throw new InputError(setting('cells'), 'has no effect on coordinates', remedy);
  return withRunData(run, data, options, terminal, async (opened) => {
    const { source } = opened;
    const split = splitOf(source, options.split);
    if (split.count < 2)
      throw new InputError(
        text`${setting('split')} ${options.split}`,
        `${source.name} has ${split.count} images in this split, but a map requires at least 2`,
      );
    const layout = await layOut(opened, split, options, terminal);
    if (kind === 'json') return writeCoordinates(source, layout, terminal);
    return drawMap(opened, layout, options, terminal);
  });
};

type Layout = Awaited<ReturnType<typeof layOut>>;

/** Returns random images, their coordinates [N, 2], and the beginning of the result. */
async function layOut({ model, source, openCodes }: OpenedModel, split: Split, options: Options, terminal: Terminal) {
  const { mapCodes } = await import('../../model/codeMap.js');
  const { out, method, seed, count = DEFAULT_COUNT[method] } = options;
  const indices = shuffledIndices(split.count, randomStream(seed, 'map')).slice(0, count);
  const codes = { data: await openCodes({ isConditioned: true }).codes(split, indices), width: model.latentSize };
  const onProgress = countingProgress(terminal, 'arranging codes');
  const { points, explainedVarianceRatio } = await mapCodes(codes, method, seed, onProgress);
  const found = {
    ...{ out, data: source.name, split: options.split, count: indices.length, seed, method },
    ...(explainedVarianceRatio && { explained_variance_ratio: Array.from(explainedVarianceRatio) }),
  };
  return { split, indices, points, found };
}

async function writeCoordinates(source: ImageSource, { split, indices, points, found }: Layout, terminal: Terminal) {
  const described = Array.from(indices, (index, row) => ({
    ...describeImage(source, split, index),
    ...{ x: points[2 * row]!, y: points[2 * row + 1]! },
  }));
  await writeJson(found.out, { ...found, points: described });
  terminal.print(`Wrote the coordinates of ${indices.length} images to ${found.out}`);
  return { result: found };
}

async function drawMap(
  { model, source }: OpenedModel,
  { split, indices, points, found }: Layout,
  options: Options,
  terminal: Terminal,
) {
  const { imagesOf } = await import('../../model/sampling.js');
  const pictures = indices.subarray(0, MAX_PICTURES);
  const { labels } = split;
  const names = Array.from({ length: source.classes ?? 0 }, (_, label) => classNameOf(source, label));
  const images = imagesOf(model, gatherImages(split, pictures, model.imageElements));
  const { image, drawn, stretch, note } = drawImageMap(imagesIn(images), points, {
    ...options,
    ...(labels && { classes: { labels: Array.from(indices, (index) => labels[index]!), names } }),
  });
  await writeDrawing(image, options, terminal);
  const chosen = indices.length === split.count ? '' : `, chosen at random from ${split.count.toLocaleString('en')},`;
  terminal.print(`Wrote a map of ${indices.length.toLocaleString('en')} images${chosen} to ${options.out}`);
  terminal.print(`${note}${stretch > 0 ? '; axes are stretched in dense clusters' : ''}`);
  return { result: { ...found, drawn, stretch } };
}
