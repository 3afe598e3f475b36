import { Option } from '@commander-js/extra-typings';
import { classNameOf, gatherImages, type ImageSource, type Split } from '../../data/source.js';
import type { MapMethod } from '../../model/codeMap.js';
import { drawImageMap } from '../../images/imageMap.js';
import { imageOf } from '../../images/raster.js';
import { InputError, setting, text } from '../../errors.js';
import { randomStream, shuffledIndices } from '../../random.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { imageDisplay } from '../imageDisplay.js';
import { scaleOption, showOption } from '../imageOptions.js';
import {
  compilerOf,
  type CompilerOptions,
  deviceOption,
  emaOption,
  RUN_DATA_HELP,
  seedOption,
  splitOption,
  threadsOption,
  wholeNumber,
} from '../options.js';
import { forceOption, keepInputs, type OutputOptions, prepareOutput, writeJson, writePng } from '../output.js';

const EXAMPLES = `
Examples:
  agenet map runs/mnist-1                             2000 training images at their codes, as map.png
  agenet map runs/mnist-1 --method umap --out clusters.png
  agenet map runs/mnist-1 --split test --out map.json    coordinates and labels, to plot elsewhere
`;

export const summary = 'arrange images on a plane by their latent codes';
export const group = 'Samples and codes:';

export const define = (command: Subcommand) =>
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
    .option('--count <number>', 'maximum number of images, chosen at random', wholeNumber(2, 100_000), 2000)
    .option('--cells <number>', 'images along the longer side (default: depends on their number)', wholeNumber(1, 500))
    .addOption(splitOption())
    .addOption(seedOption().default(0))
    .option('--out <file>', 'a .png image, or .json with coordinates', 'map.png')
    .addOption(scaleOption())
    .addOption(showOption())
    .addOption(forceOption())
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, data, options) => runAction(options, (terminal) => map(run, data, options, terminal)));

type Options = {
  readonly method: MapMethod;
  readonly count: number;
  readonly cells?: number | undefined;
  readonly split: string;
  readonly seed: number;
  readonly ema: boolean;
} & OutputOptions &
  CompilerOptions;

async function map(run: string, data: string | undefined, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { openRun } = await import('../../runs/runFolder.node.js');
  const { imagesOf } = await import('../../model/sampling.js');
  const { describeImage, openCodeCache, openRunData, splitOf } = await import('../runData.js');
  const { mapCodes } = await import('../../model/codeMap.js');
  const { countingProgress } = await import('../progress.js');
  const { method, split, seed, out } = options;
  const kind = await prepareOutput(options, ['png', 'json']);
  if (kind === 'json' && options.cells !== undefined)
    throw new InputError(
      setting('cells'),
      'has no effect on coordinates',
      text`name a .png file with ${setting('out')}`,
    );
  const { model, checkpoint } = await openRun(run, compilerOf(options, terminal), options);
  await keepInputs(out, [data ?? checkpoint.configuration.data]);
  const source = await openRunData(data, checkpoint.configuration, terminal);
  try {
    const splitImages = splitOf(source, split);
    if (splitImages.count < 2)
      throw new InputError(
        text`${setting('split')} ${split}`,
        `${source.name} has ${splitImages.count} images in this split, but a map requires at least 2`,
      );
    const indices = shuffledIndices(splitImages.count, randomStream(seed, 'map')).slice(0, options.count);
    const codes = {
      data: await openCodeCache(model, options, terminal).codes(splitImages, indices),
      width: model.latentSize,
    };
    const { points, explainedVarianceRatio } = await mapCodes(
      codes,
      method,
      seed,
      countingProgress(terminal, 'arranging codes'),
    );
    const found = {
      out,
      data: source.name,
      split,
      count: indices.length,
      seed,
      method,
      ...(explainedVarianceRatio ? { explained_variance_ratio: Array.from(explainedVarianceRatio) } : {}),
    };
    if (kind === 'json') {
      const images = Array.from(indices, (index, row) => ({
        ...describeImage(source, splitImages, index),
        x: points[2 * row]!,
        y: points[2 * row + 1]!,
      }));
      await writeJson(out, { ...found, points: images });
      terminal.print(`Wrote the coordinates of ${indices.length} images to ${out}`);
      return { result: found };
    }
    const images = imagesOf(model, gatherImages(splitImages, indices, model.imageElements));
    const tiles = Array.from(indices, (_, row) => imageOf(images, row));
    const { image, drawn, stretch, note } = drawImageMap(tiles, points, {
      ...options,
      classes: classesOf(source, splitImages, indices),
    });
    await writePng(out, image);
    await imageDisplay(terminal, options.show)(out);
    const chosen =
      indices.length === splitImages.count ? '' : `, chosen at random from ${splitImages.count.toLocaleString('en')},`;
    terminal.print(`Wrote a map of ${indices.length.toLocaleString('en')} images${chosen} to ${out}`);
    terminal.print(
      `${note}${drawn < indices.length ? '; raise --cells to show more' : ''}${stretch > 0 ? '; axes are stretched in dense clusters' : ''}`,
    );
    return { result: { ...found, drawn, stretch } };
  } finally {
    await model.release();
    source.close?.();
  }
}

/** Returns the classes of images, and the names of all classes; undefined without labels. */
function classesOf(source: ImageSource, { labels }: Split, indices: Uint32Array) {
  if (!labels) return undefined;
  return {
    labels: Array.from(indices, (index) => labels[index]!),
    names: Array.from({ length: source.classes ?? 0 }, (_, label) => classNameOf(source, label)),
  };
}
