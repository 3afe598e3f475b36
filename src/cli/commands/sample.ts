import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { MODEL_DEFAULTS } from '../../model/defaults.js';
import { squareColumns } from '../../images/imageGrid.js';
import { LARGEST_SEED } from '../../random.js';
import type { Action, Subcommand } from '../command.js';
import { imageDisplay } from '../imageDisplay.js';
import { addDrawingOptions, addModelOptions, alongOption, byOption, movedBy, withModel } from '../modelCommand.js';
import {
  captionsOption,
  gridStyle,
  guidanceOption,
  parseNumber,
  drawFromOption,
  refineNoiseOption,
  refineOption,
  seedOption,
  whereOption,
  wholeNumber,
} from '../options.js';
import { prepareOutput, writeImageBatches } from '../output.js';
import { withSignals } from '../signals.js';

const MAX_IMAGES = 1_000_000;

export const summary = 'draw samples from a trained model';
export const group = 'Samples and codes:';
export const details = `
Examples:
  agenet sample runs/mnist-1                                  a grid of 64 images as samples.png
  agenet sample runs/mnist-1 --count 1000 --out digits.npz    arr_0, bytes [N, H, W, C], for NumPy
  agenet sample runs/mnist-1 --count 100 --out digits         a folder of 100 PNG files
  agenet sample runs/mnist-1 --seeds 100-163 --captions       the first image of each of these seeds, with the seeds
  agenet sample runs/mnist-2 --class 7                        of a conditional model (train --condition class)
  agenet sample runs/mnist-2 --class all --count 8            eight styles, with a row per class
  agenet sample runs/faces --where glasses=true,fatness=0.8   of a model with attributes (train --condition attributes:FILE)
  agenet sample runs/mnist-1 --draw-from prior --refine 0     samples of the prior in one pass
  agenet sample runs/mnist-1 --like seven.png --spread 0.3    images whose codes are near that of an image
`;

export const define = (command: Subcommand) =>
  addModelOptions(
    addDrawingOptions(
      command
        .argument('<run>', 'run folder or checkpoint')
        .option('--count <number>', 'number of samples', wholeNumber(1, MAX_IMAGES), MODEL_DEFAULTS.count)
        .addOption(seedOption())
        .addOption(
          new Option('--seeds <range>', 'one sample per seed from A to B, e.g. 0-63: the first one of --seed')
            .argParser(parseRange)
            .conflicts(['seed', 'count']),
        )
        .option(
          '--class <class>',
          'of a conditional model: the name or number of a class, or all for --count samples of each, one class per row',
        )
        .addOption(whereOption('of the samples'))
        .addOption(guidanceOption())
        .addOption(drawFromOption())
        .addOption(refineOption())
        .addOption(refineNoiseOption())
        .option('--like <image>', 'sample around the code of an image file')
        .option(
          '--spread <fraction>',
          `angular spread around the image code: near 0 = reconstruction, 1 = entire prior (default: ${MODEL_DEFAULTS.spread})`,
          parseNumber,
        )
        .addOption(alongOption())
        .addOption(byOption())
        .option(
          '--temperature <factor>',
          'scale the codes; requires the prior normal, because codes on the sphere have length 1',
          parseNumber,
        )
        .option(
          '--truncation <factor>',
          'distance of codes from the middle of their group: below 1 = more typical, above 1 = less (default: 1)',
          parseNumber,
        )
        .option('--out <path>', 'a .png or .webp image grid, an .npz archive, or a folder of PNG files', 'samples.png')
        .addOption(captionsOption('the number of the sample, or its seed with --seeds,')),
    ),
  );

/** Parses `A-B`, the seeds from A to B, both included. */
function parseRange(text: string): readonly [first: number, last: number] {
  const found = /^(\d+)-(\d+)$/.exec(text);
  const [first, last] = [Number(found?.[1]), Number(found?.[2])];
  if (!found || first > last || last > LARGEST_SEED)
    throw new InvalidArgumentError(`It must be two seeds from 0 to ${LARGEST_SEED}, such as 0-63.`);
  if (last - first >= MAX_IMAGES) throw new InvalidArgumentError(`It must be at most ${MAX_IMAGES} seeds.`);
  return [first, last];
}

export const action: Action<typeof define> = async (terminal, run, options) => {
  const { out, seeds, like, spread, along, by, drawFrom, refine, refineNoise } = options;
  const { class: wanted, where, guidance, temperature, truncation } = options;
  const kind = await prepareOutput(options, ['image', 'npz', 'folder'], like === undefined ? [] : [like]);
  return withModel(run, options, terminal, async (model) => {
    const range = seeds ? { seeds } : { count: options.count, seed: options.seed };
    const conditions = { class: wanted, where, guidance };
    const moving = { like, spread, temperature, truncation, along, by };
    const batches = await model.sampleBatches({ ...range, ...conditions, ...moving, drawFrom, refine, refineNoise });
    const [each, seed] = seeds ? [seeds[1] - seeds[0] + 1, seeds[0]] : [options.count, options.seed];
    const rows = wanted === 'all' ? model.classes.length : 1;
    const [count, columns] = [each * rows, rows > 1 ? each : squareColumns(each)];
    const style = gridStyle(options, () =>
      Array.from({ length: count }, (_, index) => [
        ...(rows > 1 ? [model.classes[Math.floor(index / each)]!] : []),
        seeds ? `seed ${seed + (index % each)}` : `#${index % each}`,
      ]),
    );
    const { drawingFrom, passesOf } = await import('../../model/refinement.js');
    const drawn = like === undefined ? drawingFrom(model.trained, drawFrom) : undefined;
    const result = {
      ...{ out, count, seed, seeds, ...conditions, truncation, ...movedBy(options) },
      drawFrom: drawn && (drawn.density ? 'density' : 'prior'),
      refine: passesOf(drawn ?? {}, options),
      refineNoise: refineNoise > 0 ? refineNoise : undefined,
      ...(like !== undefined && { like, spread: spread ?? MODEL_DEFAULTS.spread }),
    };
    return withSignals(terminal, async (signal) => {
      await writeImageBatches(out, kind, { count, columns, shape: model.imageShape, batches }, signal, style);
      await imageDisplay(terminal, options.show)(out);
      terminal.print(`Wrote ${count} samples of ${seeds ? `seeds ${seeds.join(' to ')}` : `seed ${seed}`} to ${out}`);
      return { result };
    });
  });
};
