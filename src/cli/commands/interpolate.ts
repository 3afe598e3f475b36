import { Option } from '@commander-js/extra-typings';
import { rowAnimation } from '../../images/frames.js';
import { imageGrid } from '../../images/imageGrid.js';
import { MODEL_DEFAULTS } from '../../model/defaults.js';
import type { Model } from '../../runs/model.node.js';
import type { Action, Subcommand } from '../command.js';
import {
  addDrawingOptions,
  addModelOptions,
  fromClassOption,
  withModel,
  toClassOption,
  writeDrawing,
} from '../modelCommand.js';
import { fpsOption, gridStyle, seedOption, wholeNumber } from '../options.js';
import { prepareOutput, writeAnimation, writeImageArrays } from '../output.js';
import { countingProgress } from '../progress.js';
import { withSignals } from '../signals.js';

const DEFAULT_FPS = 12;

export const summary = 'interpolate between images or random codes';
export const group = 'Samples and codes:';
export const details = `
Examples:
  agenet interpolate runs/mnist-1                             eight rows between random points of the sphere
  agenet interpolate runs/mnist-1 one.png seven.png --frames 16
  agenet interpolate runs/mnist-1 one.png two.png three.png --loop --out loop.webp    through all three and back
  agenet interpolate runs/mnist-2 --from-class 3 --to-class 8 --frames 12    of a conditional model
  agenet interpolate runs/mnist-1 --circle --frames 60 --out circle.gif    around great circles through random points
`;

export const define = (command: Subcommand) =>
  addModelOptions(
    addDrawingOptions(
      command
        .argument('<run>', 'run folder or checkpoint')
        .argument('[images...]', 'two or more image files to interpolate between (default: random points)')
        .option(
          '--frames <number>',
          'frames from one point to the next, both included; with --circle, around the circle',
          wholeNumber(2, 1000),
          MODEL_DEFAULTS.frames,
        )
        .option('--rows <number>', `rows between random points (default: ${MODEL_DEFAULTS.rows})`, wholeNumber(1, 100))
        .option('--points <number>', `random points per row (default: ${MODEL_DEFAULTS.points})`, wholeNumber(2, 100))
        .option('--loop', 'return from the last point to the first')
        .addOption(
          new Option('--circle', 'traverse the whole great circle through two points').conflicts(['loop', 'points']),
        )
        .addOption(fromClassOption('of a conditional model: interpolate between classes, with one random code per row'))
        .addOption(toClassOption('the class at the end of such a row'))
        .addOption(seedOption())
        .option(
          '--out <file>',
          'a .png image grid, a .gif, .webp or .mp4 animation, or an .npz archive; .mp4 requires ffmpeg',
          'interpolation.png',
        )
        .addOption(fpsOption(DEFAULT_FPS)),
    ),
  );

export const action: Action<typeof define> = async (terminal, run, files, options) => {
  const { out, seed, frames, circle, loop, points, fromClass, toClass, fps = DEFAULT_FPS } = options;
  const kind = await prepareOutput(options, ['animation', 'image', 'npz'], files);
  const onProgress = countingProgress(terminal, 'generating images');
  const path = { frames, rows: options.rows, points, circle, loop, fromClass, toClass };
  const interpolate = (model: Model) => model.interpolate(files, { ...path, seed, onProgress });
  const images = await withModel(run, options, terminal, interpolate);
  const rows = files.length > 0 ? 1 : (options.rows ?? MODEL_DEFAULTS.rows);
  const closed = (circle ?? loop) === true;
  return withSignals(terminal, async (signal) => {
    if (kind === 'image') await writeDrawing(imageGrid(images, images.columns, gridStyle(options)), options, terminal);
    else if (kind === 'npz') await writeImageArrays(out, { arr_0: images });
    else await writeAnimation(out, rowAnimation(images, rows, closed, fps), options.scale, signal);
    terminal.print(`Wrote ${rows} ${rows === 1 ? 'row' : 'rows'} of ${images.count / rows} images to ${out}`);
    return { result: { out, count: images.count, seed, rows, frames, closed, fromClass, toClass } };
  });
};
