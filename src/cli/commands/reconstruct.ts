import { pairGrid } from '../../images/imageGrid.js';
import { alongOption, type AlongOptions, byOption, modelOptions, movedBy } from '../attributeOptions.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { imageDisplay } from '../imageDisplay.js';
import { captionsOption, gridStyle, scaleOption, showOption } from '../imageOptions.js';
import {
  compilerOf,
  type CompilerOptions,
  deviceOption,
  emaOption,
  splitOption,
  threadsOption,
  wholeNumber,
} from '../options.js';
import { forceOption, type OutputOptions, prepareOutput, writeImageArrays, writePng } from '../output.js';

const PAIRS_PER_ROW = 4;

const EXAMPLES = `
Examples:
  agenet reconstruct runs/mnist-1                     32 test images with their reconstructions
  agenet reconstruct runs/mnist-1 mine.png yours.jpg photos --out pairs.png
  agenet reconstruct runs/mnist-1 --along 3-not-5 --by 0.8    moved along the attribute
`;

export const summary = 'encode images and decode the codes again';
export const group = 'Samples and codes:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'run folder or checkpoint')
    .argument('[images...]', 'image files, folders and data sets (default: the training data)')
    .option(
      '--count <number>',
      'images per data set or folder; all if there are fewer (default: 32)',
      wholeNumber(1, 100_000),
    )
    .addOption(splitOption('test'))
    .addOption(alongOption())
    .addOption(byOption())
    .option(
      '--out <file>',
      'a .png grid of pairs, or an .npz archive with original and reconstruction',
      'reconstructions.png',
    )
    .addOption(scaleOption())
    .addOption(captionsOption('the name or number and the class'))
    .addOption(showOption())
    .addOption(forceOption())
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, images, options) => runAction(options, (terminal) => reconstruct(run, images, options, terminal)));

type Options = { count?: number | undefined; split: string } & OutputOptions & AlongOptions & CompilerOptions;

async function reconstruct(
  run: string,
  images: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<ActionResult> {
  const { collectImages } = await import('../imageFiles.js');
  const { Model } = await import('../../runs/model.node.js');
  const { imagesOf } = await import('../../model/sampling.js');
  const { out } = options;
  const kind = await prepareOutput(options, ['png', 'npz'], images);
  const model = await Model.open(run, compilerOf(options, terminal), modelOptions(options, terminal));
  const collected = await collectImages(images, model.configuration, options, terminal);
  const original = imagesOf(model.trained, collected.data);
  const reconstruction = await model
    .reconstruct(original, { along: options.along, by: options.by })
    .finally(() => model.release());

  if (kind === 'png')
    await writePng(
      out,
      pairGrid(
        original,
        reconstruction,
        PAIRS_PER_ROW,
        gridStyle(options, () => collected.captions),
      ),
    );
  else await writeImageArrays(out, { original, reconstruction });
  if (kind === 'png') await imageDisplay(terminal, options.show)(out);
  terminal.print(`Wrote ${original.count} images, each with its reconstruction on its right, to ${out}`);
  return { result: { out, count: original.count, ...movedBy(options) } };
}
