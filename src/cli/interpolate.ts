import { extname } from 'node:path';
import { drawCodes, interpolateCodes, type TrainedModel } from '../age/index.js';
import { InputError } from '../errors.js';
import { writeFileAtomically } from '../files.node.js';
import { encodeAnimation } from '../images/files.node.js';
import { type ImageBatch, sheet, sheetOf, imageOf, toBytes } from '../images/index.js';
import { randomStream } from '../random.js';
import type { Configuration } from '../training/index.js';
import { type Outcome, perform, subcommand, type Terminal } from './command.js';
import { openRun, picturesOf } from './openRun.js';
import { compilerOf, type CompilerOptions, deviceOption, seedOption, threadsOption, wholeNumber } from './options.js';
import { outputKind, writeImageArrays, writePng } from './output.js';
import { readImages } from './reconstruct.js';

const FRAME_MILLISECONDS = 80;

const EXAMPLES = `
Examples:
  agenet interpolate runs/mnist-1                             eight rows between random points of the sphere
  agenet interpolate runs/mnist-1 one.png seven.png --steps 16
  agenet interpolate runs/mnist-1 --steps 30 --out walk.webp  an animation
`;

export const interpolateCommand = () =>
  subcommand('interpolate', 'walk along great arcs of the sphere between images')
    .argument('<run>', 'a run folder, or a checkpoint')
    .argument('[from]', 'an image file to begin at (default: random points)')
    .argument('[to]', 'an image file to end at')
    .option('--steps <number>', 'images of a row, both ends included', wholeNumber(2, 1000), 10)
    .option('--rows <number>', 'rows between random points', wholeNumber(1, 100), 8)
    .addOption(seedOption().default(0))
    .option('--out <file>', 'a .png sheet, a .gif or .webp animation, or an .npz array', 'interpolation.png')
    .option('--raw', 'use the weights themselves, not their averages')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, from, to, options) => perform(options, (terminal) => interpolate(run, from, to, options, terminal)));

type Options = { steps: number; rows: number; seed: number; out: string; raw?: true | undefined } & CompilerOptions;

async function interpolate(run: string, from: string | undefined, to: string | undefined, options: Options, terminal: Terminal): Promise<Outcome> {
  const { steps, out, seed } = options;
  if (from !== undefined && to === undefined) throw new InputError(`${from}: an interpolation needs a second image to end at`);
  const kind = outputKind(out, ['png', 'animation', 'npz']);
  const { model, checkpoint } = await openRun(run, compilerOf(options), options);
  const ends =
    from !== undefined && to !== undefined
      ? await model.encode(await readImages([from, to], checkpoint.configuration))
      : randomEnds(model, checkpoint.configuration, options);
  const rows = ends.length / (2 * model.latent);
  const images = picturesOf(model, toBytes(await model.generate(arcs(model, ends, rows, steps))));
  await model.release();

  if (kind === 'png') await writePng(out, sheet(images, steps));
  else if (kind === 'npz') await writeImageArrays(out, { arr_0: images });
  else
    await writeFileAtomically(
      out,
      await encodeAnimation(frames(images, rows, steps), extname(out).toLowerCase() === '.gif' ? 'gif' : 'webp', FRAME_MILLISECONDS),
    );
  terminal.print(`${rows} ${rows === 1 ? 'row' : 'rows'} of ${steps} images: ${out}`);
  return { result: { out, count: images.count, seed, rows, steps } };
}

const randomEnds = (model: TrainedModel, { prior }: Configuration, { rows, seed }: Options): Float32Array =>
  drawCodes(prior, 2 * rows, model.latent, randomStream(seed, 'interpolation'));

/** Codes [rows * steps, M] between the pairs of ends [rows, 2, M]. */
function arcs({ prior, latent }: TrainedModel, ends: Float32Array, rows: number, steps: number): Float32Array {
  const codes = new Float32Array(rows * steps * latent);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [0, 1].map((end) => ends.subarray((2 * row + end) * latent, (2 * row + end + 1) * latent));
    codes.set(interpolateCodes(prior, from!, to!, steps), row * steps * latent);
  }
  return codes;
}

/** A film: at each moment all rows' images side by side, there and back again. */
function frames(images: ImageBatch, rows: number, steps: number) {
  const columns = Math.ceil(Math.sqrt(rows));
  const moments = Array.from({ length: steps }, (_, step) =>
    sheetOf(
      Array.from({ length: rows }, (_, row) => imageOf(images, row * steps + step)),
      columns,
    ),
  );
  return [...moments, ...moments.slice(1, -1).reverse()];
}
