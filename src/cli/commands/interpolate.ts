import { Option } from '@commander-js/extra-typings';
import { InputError } from '../../errors.js';
import { rowFrames } from '../../images/imageGrid.js';
import { imageGrid } from '../../images/imageGrid.js';
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
    .argument('<run>', 'run folder or checkpoint')
    .argument('[images...]', 'two or more image files to interpolate between (default: random points)')
    .option('--steps <number>', 'images from one point to the next, both included; with --circle, around the circle', wholeNumber(2, 1000), 10)
    .option('--rows <number>', `rows between random points (default: ${DEFAULT_ROWS})`, wholeNumber(1, 100))
    .option('--points <number>', `random points per row (default: ${DEFAULT_POINTS})`, wholeNumber(2, 100))
    .option('--loop', 'return from the last point to the first')
    .addOption(new Option('--circle', 'traverse the whole great circle through two points').conflicts(['loop', 'points']))
    .addOption(seedOption().default(0))
    .option('--out <file>', 'a .png image grid, a .gif or .webp animation, or an .npz archive', 'interpolation.png')
    .addOption(forceOption())
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, images, options) => runAction(options, (terminal) => interpolate(run, images, options, terminal)));

type Options = {
  readonly steps: number;
  readonly loop?: true | undefined;
  readonly circle?: true | undefined;
  readonly rows?: number | undefined;
  readonly points?: number | undefined;
  readonly seed: number;
  readonly ema: boolean;
} & OutputOptions &
  CompilerOptions;

async function interpolate(run: string, files: readonly string[], options: Options, terminal: Terminal): Promise<ActionResult> {
  const { drawCodes } = await import('../../age/prior.js');
  const { readImages } = await import('../../images/files.node.js');
  const { imagesOf } = await import('../../model/sampling.js');
  const { generateChunked } = await import('../../model/chunks.js');
  const { countingProgress } = await import('../countingProgress.js');
  const { traversalColumns, traverse } = await import('../../model/traversal.js');
  const { openRun } = await import('../../runs/runFolder.node.js');
  const { steps, out, seed, circle, loop } = options;
  requireConsistency(files, options);
  const kind = await prepareOutput(options, ['png', 'animation', 'npz'], files);
  const { model, checkpoint } = await openRun(run, compilerOf(options, terminal), options);
  if (circle && model.prior !== 'sphere') throw new InputError(`--circle: requires the prior sphere, but the run has the prior ${model.prior}; use --loop`);
  const isRandom = files.length === 0;
  const rows = isRandom ? (options.rows ?? DEFAULT_ROWS) : 1;
  const points = isRandom
    ? drawCodes(model.prior, (options.points ?? DEFAULT_POINTS) * rows, model.latentSize, randomStream(seed, 'interpolation'))
    : await model.encode((await readImages(files, checkpoint.configuration)).data);
  const codes = traverse(model, points, rows, options);
  const onProgress = countingProgress(terminal, 'generating images');
  const images = imagesOf(model, await generateChunked(model, codes, isRandom ? 'samples' : 'codes', onProgress));
  await model.release();

  const perRow = images.count / rows;
  const closed = (circle ?? loop) === true;
  if (kind === 'png') await writePng(out, imageGrid(images, traversalColumns(perRow, rows, options)));
  else if (kind === 'npz') await writeImageArrays(out, { arr_0: images });
  else await writeAnimation(out, rowFrames(images, rows, closed), FRAME_MILLISECONDS);
  terminal.print(`Wrote ${rows} ${rows === 1 ? 'row' : 'rows'} of ${perRow} images to ${out}`);
  return { result: { out, count: images.count, seed, rows, steps, closed } };
}

/**
 * Requires that options fit the number of images.
 * @throws {InputError} if an option would have no effect, or there are too few or too many images
 */
function requireConsistency(files: readonly string[], options: Options): void {
  for (const name of ['rows', 'points'] as const) {
    if (files.length > 0 && options[name] !== undefined) throw new InputError(`--${name}: applies to random points only; remove it, or the images`);
  }
  if (files.length === 1) throw new InputError(`${files[0]}: expected at least two images, but got one; name a second image`);
  if (options.circle && files.length > 2) throw new InputError(`--circle: expected two images, but got ${files.length}; use --loop for more`);
}
