import { Option } from '@commander-js/extra-typings';
import type { TrainedModel } from '../../model/trainedModel.js';
import { type ImageBatch, imageOf, type Raster, toBytes } from '../../images/raster.js';
import { gridOf, imageGrid, squareColumns } from '../../images/imageGrid.js';
import { InputError } from '../../errors.js';
import { randomStream } from '../../random.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { compilerOf, type CompilerOptions, deviceOption, emaOption, seedOption, threadsOption, wholeNumber } from '../options.js';
import { forceOption, type OutputOptions, prepareOutput, writeAnimation, writeImageArrays, writePng } from '../output.js';

const FRAME_MILLISECONDS = 80;
const DEFAULT_ROWS = 8;
const DEFAULT_POINTS = 2;

const EXAMPLES = `
Examples:
  agenet interpolate runs/mnist-1                             eight rows between random points of the sphere
  agenet interpolate runs/mnist-1 one.png seven.png --steps 16
  agenet interpolate runs/mnist-1 one.png two.png three.png --loop --out loop.webp    through all three and back
  agenet interpolate runs/mnist-1 --circle --steps 60 --out circle.gif    around great circles through random points
`;

export const summary = 'interpolate between images or random codes';
export const group = 'Samples and codes:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'a run folder, or a checkpoint')
    .argument('[images...]', 'image files to go through, two or more (default: random points)')
    .option('--steps <number>', 'images from one point to the next, both included; with --circle, around the circle', wholeNumber(2, 1000), 10)
    .option('--rows <number>', `rows between random points (default: ${DEFAULT_ROWS})`, wholeNumber(1, 100))
    .option('--points <number>', `random points per row (default: ${DEFAULT_POINTS})`, wholeNumber(2, 100))
    .option('--loop', 'go back to the first point after the last')
    .addOption(new Option('--circle', 'go around the whole great circle through two points').conflicts(['loop', 'points']))
    .addOption(seedOption().default(0))
    .option('--out <file>', 'a .png sheet, a .gif or .webp animation, or an .npz array', 'interpolation.png')
    .addOption(forceOption())
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, images, options) => runAction(options, (terminal) => interpolate(run, images, options, terminal)));

type Walk = { readonly steps: number; readonly loop?: true | undefined; readonly circle?: true | undefined };
type Options = Walk & { rows?: number | undefined; points?: number | undefined; seed: number; ema: boolean } & OutputOptions & CompilerOptions;

async function interpolate(run: string, files: readonly string[], options: Options, terminal: Terminal): Promise<ActionResult> {
  const { drawCodes } = await import('../../age/prior.js');
  const { readImages } = await import('../../images/files.node.js');
  const { openRun, picturesOf } = await import('../openRun.js');
  const { steps, out, seed, circle, loop } = options;
  requireWalk(files, options);
  const kind = await prepareOutput(options, ['png', 'animation', 'npz'], files);
  const { model, checkpoint } = await openRun(run, compilerOf(options, terminal), options);
  if (circle && model.prior !== 'sphere') throw new InputError(`--circle: codes of this run lie on no sphere (prior ${model.prior}); use --loop`);
  const rows = files.length > 0 ? 1 : (options.rows ?? DEFAULT_ROWS);
  const points =
    files.length > 0
      ? await model.encode((await readImages(files, checkpoint.configuration)).data)
      : drawCodes(model.prior, (options.points ?? DEFAULT_POINTS) * rows, model.latentSize, randomStream(seed, 'interpolation'));
  const codes = await walks(model, points, rows, options);
  const images = picturesOf(model, toBytes(await (files.length > 0 ? model.decode(codes) : model.generate(codes))));
  await model.release();

  const perRow = images.count / rows;
  const closed = (circle ?? loop) === true;
  if (kind === 'png') await writePng(out, imageGrid(images, columnsOf(perRow, rows, options)));
  else if (kind === 'npz') await writeImageArrays(out, { arr_0: images });
  else await writeAnimation(out, frames(images, rows, closed), FRAME_MILLISECONDS);
  terminal.print(`${rows} ${rows === 1 ? 'row' : 'rows'} of ${perRow} images: ${out}`);
  return { result: { out, count: images.count, seed, rows, steps, closed } };
}

/**
 * Requires that options describe a walk through these images.
 * @throws {InputError} if an option would have no effect, or there are too few or too many images
 */
function requireWalk(files: readonly string[], options: Options): void {
  for (const name of ['rows', 'points'] as const) {
    if (files.length > 0 && options[name] !== undefined) throw new InputError(`--${name}: is for walks between random points, but images are given`);
  }
  if (files.length === 1) throw new InputError(`${files[0]}: an interpolation needs a second image to end at`);
  if (options.circle && files.length > 2)
    throw new InputError(`--circle: a great circle is given by two images, not ${files.length}; use --loop to go through all`);
}

/** Codes [rows * images of a row, M] through the points [rows, points of a row, M]. */
async function walks({ prior, latentSize }: TrainedModel, points: Float32Array, rows: number, { steps, loop, circle }: Walk): Promise<Float32Array> {
  const { greatCircle, pathThrough } = await import('../../model/paths.js');
  const perRow = points.length / rows;
  const each = Array.from({ length: rows }, (_, row) => {
    const through = points.subarray(row * perRow, (row + 1) * perRow);
    if (circle) return greatCircle(through.subarray(0, latentSize), through.subarray(latentSize), steps);
    return pathThrough(prior, through, latentSize, steps, loop);
  });
  const codes = new Float32Array(rows * each[0]!.length);
  each.forEach((path, row) => codes.set(path, row * path.length));
  return codes;
}

/** A walk in one line; a single one through several points, and a single circle, in lines that together are no wider than they must. */
function columnsOf(perRow: number, rows: number, { steps, circle, loop }: Walk): number {
  if (rows > 1) return perRow;
  if (circle) return squareColumns(perRow);
  const legs = Math.round(loop ? perRow / (steps - 1) : (perRow - 1) / (steps - 1));
  return legs > 1 ? steps - 1 : perRow;
}

/** A film: at each moment all rows' images side by side; there and back again, unless the walk closes by itself. */
function frames(images: ImageBatch, rows: number, closed: boolean): Raster[] {
  const perRow = images.count / rows;
  const columns = squareColumns(rows);
  const moments = Array.from({ length: perRow }, (_, step) =>
    gridOf(
      Array.from({ length: rows }, (_, row) => imageOf(images, row * perRow + step)),
      columns,
    ),
  );
  return closed ? moments : [...moments, ...moments.slice(1, -1).reverse()];
}
