import { basename } from 'node:path';
import { gatherImages } from '../../data/source.js';
import { imageGrid, squareColumns } from '../../images/imageGrid.js';
import { InputError, setting, text } from '../../errors.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { imageDisplay } from '../imageDisplay.js';
import { captionsOption, gridStyle, scaleOption, showOption } from '../imageOptions.js';
import {
  compilerOf,
  type CompilerOptions,
  DATA_HELP,
  deviceOption,
  emaOption,
  splitOption,
  threadsOption,
  wholeNumber,
} from '../options.js';
import { forceOption, keepInputs, type OutputOptions, prepareOutput, writePng } from '../output.js';

const EXAMPLES = `
Examples:
  agenet search runs/mnist-1 --image seven.png                 the training images with the most similar codes
  agenet search runs/faces photos --image me.jpg --count 8 --json
`;

export const summary = 'find the images of a data set most similar to an image, by their codes';
export const group = 'Samples and codes:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'run folder or checkpoint')
    .argument('[data]', `data to search: ${DATA_HELP} (default: the training data of the run)`)
    .requiredOption('--image <file>', 'query image')
    .option('--count <number>', 'number of images', wholeNumber(1, 10_000), 16)
    .addOption(splitOption())
    .option('--out <file>', 'a .png grid that begins with the query image', 'search.png')
    .addOption(scaleOption())
    .addOption(captionsOption('the name, the class and the cosine similarity'))
    .addOption(showOption())
    .addOption(forceOption())
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, data, options) => runAction(options, (terminal) => search(run, data, options, terminal)));

type Options = {
  readonly image: string;
  readonly count: number;
  readonly split: string;
  readonly ema: boolean;
} & OutputOptions &
  CompilerOptions;

async function search(
  run: string,
  data: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<ActionResult> {
  const { openRun } = await import('../../runs/runFolder.node.js');
  const { imagesOf } = await import('../../model/sampling.js');
  const { captionOf, describeImage, openCodeCache, openRunData, splitOf } = await import('../runData.js');
  const { nearestCodes } = await import('../../model/codeSearch.js');
  const { readImages } = await import('../../images/imageInput.node.js');
  const { image, count, split, out } = options;
  await prepareOutput(options, ['png'], [image]);
  const { model, checkpoint } = await openRun(run, compilerOf(options, terminal), options);
  const { data: query } = await readImages([image], checkpoint.configuration);
  await keepInputs(out, [data ?? checkpoint.configuration.data]);
  const source = await openRunData(data, checkpoint.configuration, terminal);
  try {
    const splitImages = splitOf(source, split);
    if (count > splitImages.count)
      throw new InputError(
        text`${setting('count')} ${count}`,
        `the ${split} split of ${source.name} has ${splitImages.count} images`,
      );
    const codes = { data: await openCodeCache(model, options, terminal).codes(splitImages), width: model.latentSize };
    const { indices, cosines } = nearestCodes(await model.encode({ x: query }), codes, count);
    const results = Array.from(indices, (index, rank) => ({
      ...describeImage(source, splitImages, index),
      cosine: cosines[rank]!,
    }));
    const style = gridStyle(options, () => [
      [basename(image), 'query'],
      ...Array.from(indices, (index, rank) => [...captionOf(source, splitImages, index), cosines[rank]!.toFixed(3)]),
    ]);
    const found = gatherImages(splitImages, indices, model.imageElements);
    await writePng(
      out,
      imageGrid(imagesOf(model, Uint8Array.from(Buffer.concat([query, found]))), squareColumns(count + 1), style),
    );
    await imageDisplay(terminal, options.show)(out);
    for (const { cosine, ...each } of results)
      terminal.print(
        `${cosine.toFixed(3)}  ${Object.entries(each)
          .map((entry) => entry.join(' '))
          .join(', ')}`,
      );
    terminal.print(`Wrote ${image} and the ${count} most similar of ${splitImages.count} images to ${out}`);
    return { result: { out, image, data: source.name, split, count, results } };
  } finally {
    await model.release();
    source.close?.();
  }
}
