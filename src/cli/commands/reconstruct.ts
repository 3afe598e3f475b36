import { pairGrid } from '../../images/imageGrid.js';
import type { Action, Subcommand } from '../command.js';
import {
  addDrawingOptions,
  addModelOptions,
  alongOption,
  byOption,
  fromClassOption,
  movedBy,
  withModel,
  toClassOption,
  writeDrawing,
} from '../modelCommand.js';
import { captionsOption, gridStyle, splitOption, whereOption, wholeNumber } from '../options.js';
import { prepareOutput, writeImageArrays } from '../output.js';

const PAIRS_PER_ROW = 4;

export const summary = 'encode images and decode the codes again';
export const group = 'Samples and codes:';
export const details = `
Examples:
  agenet reconstruct runs/mnist-1                     32 test images with their reconstructions
  agenet reconstruct runs/mnist-1 mine.png yours.jpg photos --out pairs.png
  agenet reconstruct runs/mnist-2 --to-class 3               each image as a 3, in its own style
  agenet reconstruct runs/mnist-1 --along 3-not-5 --by 0.8    moved along the attribute
`;

export const define = (command: Subcommand) =>
  addModelOptions(
    addDrawingOptions(
      command
        .argument('<run>', 'run folder or checkpoint')
        .argument('[images...]', 'image files, folders and data sets (default: the training data)')
        .option(
          '--count <number>',
          'images per data set or folder; all if there are fewer (default: 32)',
          wholeNumber(1, 100_000),
        )
        .addOption(splitOption('test'))
        .addOption(
          fromClassOption(
            'of a conditional model: the class of the images (default: as their data, or folders, say; else predicted)',
          ),
        )
        .addOption(toClassOption('the class to decode with, instead'))
        .addOption(whereOption('to decode with', 'others stay as they are, or as predicted'))
        .addOption(alongOption())
        .addOption(byOption())
        .option(
          '--out <file>',
          'a .png or .webp grid of pairs, or an .npz archive with original and reconstruction',
          'reconstructions.png',
        )
        .addOption(captionsOption('the name or number and the class')),
    ),
  );

export const action: Action<typeof define> = async (terminal, run, images, options) => {
  const { collectImages } = await import('../imageFiles.js');
  const { imagesOf } = await import('../../model/sampling.js');
  const { out, along, by, fromClass, toClass, where } = options;
  const kind = await prepareOutput(options, ['image', 'npz'], images);
  return withModel(run, options, terminal, async (model) => {
    const collected = await collectImages(images, model.configuration, options, terminal);
    const original = imagesOf(model.trained, Uint8Array.from(Buffer.concat(collected.map(({ pixels }) => pixels))));
    const known = {
      fromClass: fromClass ?? collected.map((each) => each.fromClass),
      fromWhere: collected.map((each) => each.fromWhere),
    };
    const reconstruction = await model.reconstruct(original, { ...known, along, by, toClass, where });
    if (kind === 'image') {
      const style = gridStyle(options, () => collected.map(({ caption }) => caption));
      await writeDrawing(pairGrid(original, reconstruction, PAIRS_PER_ROW, style), options, terminal);
    } else await writeImageArrays(out, { original, reconstruction });
    terminal.print(`Wrote ${original.count} images, each with its reconstruction on its right, to ${out}`);
    return { result: { out, count: original.count, fromClass, toClass, where, ...movedBy(options) } };
  });
};
