import { basename } from 'node:path';
import { gatherImages, unlabeled } from '../../data/source.js';
import { filledRaster } from '../../images/drawing.js';
import { BACKGROUND, gridOf, imagesIn, squareColumns } from '../../images/imageGrid.js';
import { imageOf, type ImageBatch, type Raster } from '../../images/raster.js';
import type { Action, Subcommand } from '../command.js';
import {
  addDrawingOptions,
  addModelOptions,
  captionOf,
  describeImage,
  splitOf,
  withRunData,
  writeDrawing,
} from '../modelCommand.js';
import { captionsOption, DATA_HELP, gridStyle, splitOption, wholeNumber } from '../options.js';
import { prepareOutput } from '../output.js';

export const summary = 'find the images of a data set most similar to an image, by their codes';
export const group = 'Samples and codes:';
export const details = `
Examples:
  agenet search runs/mnist-1 --image seven.png                 the training images with the most similar codes
  agenet search runs/faces photos --image me.jpg --count 8 --json
`;

export const define = (command: Subcommand) =>
  addModelOptions(
    addDrawingOptions(
      command
        .argument('<run>', 'run folder or checkpoint')
        .argument('[data]', `data to search: ${DATA_HELP} (default: the training data of the run)`)
        .requiredOption('--image <file>', 'query image')
        .option('--count <number>', 'number of images, or all if there are fewer', wholeNumber(1, 10_000), 16)
        .addOption(splitOption())
        .option('--out <file>', 'a .png or .webp grid, with the query image alone in the first row', 'search.png')
        .addOption(captionsOption('the name, the class and the cosine similarity')),
    ),
  );

export const action: Action<typeof define> = async (terminal, run, data, options) => {
  const { imagesOf } = await import('../../model/sampling.js');
  const { nearestCodes } = await import('../../model/codeSearch.js');
  const { conditionsOfImages } = await import('../../model/imageConditions.js');
  const { readImages } = await import('../../images/imageInput.node.js');
  const { image, out } = options;
  await prepareOutput(options, ['image'], [image]);
  return withRunData(run, data, options, terminal, async ({ model, checkpoint, source, openCodes }) => {
    const { data: query } = await readImages([image], checkpoint.configuration);
    const split = splitOf(source, options.split);
    const count = Math.min(options.count, split.count);
    const codes = { data: await openCodes({ isConditioned: true }).codes(split), width: model.latentSize };
    const y = await conditionsOfImages(model, { x: query, ...unlabeled(1) });
    const { indices, cosines } = nearestCodes(await model.encode({ x: query, y }), codes, count);
    const results = Array.from(indices, (index, rank) => ({
      ...describeImage(source, split, index),
      cosine: cosines[rank]!,
    }));
    const columns = squareColumns(count);
    const style = gridStyle(options, () => [
      [basename(image), 'query'],
      ...new Array<string[]>(columns - 1).fill([]),
      ...Array.from(indices, (index, rank) => [...captionOf(source, split, index), cosines[rank]!.toFixed(3)]),
    ]);
    const found = imagesOf(model, gatherImages(split, indices, model.imageElements));
    const tiles = belowQuery(imageOf(imagesOf(model, query), 0), found, columns);
    await writeDrawing(gridOf(tiles, columns, style), options, terminal);
    for (const { cosine, ...each } of results) {
      const described = Object.entries(each).map((entry) => entry.join(' '));
      terminal.print(`${cosine.toFixed(3)}  ${described.join(', ')}`);
    }
    terminal.print(`Wrote the ${count} of ${split.count} images most similar to ${image} to ${out}`);
    return { result: { out, image, data: source.name, split: options.split, count, results } };
  });
};

/** The query alone in the first row, then the images. */
function belowQuery(query: Raster, images: ImageBatch, columns: number) {
  const { width, height, channels } = query;
  const blank = filledRaster(width, height, channels, BACKGROUND);
  return [query, ...new Array<Raster>(columns - 1).fill(blank), ...imagesIn(images)];
}
