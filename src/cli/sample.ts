import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { drawCodes, type TrainedModel } from '../age/index.js';
import { InputError } from '../errors.js';
import { drawCodesAround } from '../evaluation/index.js';
import { readImages } from '../images/files.node.js';
import { sheet, squareColumns, toBytes } from '../images/index.js';
import { type RandomStream, LARGEST_SEED, randomStream } from '../random.js';
import type { Configuration } from '../training/index.js';
import { alongOption, type AlongOptions, byOption, moveAlong } from './along.js';
import { type Outcome, perform, subcommand, type Terminal } from './command.js';
import { openRun, picturesOf } from './openRun.js';
import { compilerOf, type CompilerOptions, deviceOption, parseNumber, seedOption, threadsOption, wholeNumber } from './options.js';
import { outputKind, writeImageArrays, writeImageFolder, writePng } from './output.js';

const MOST_IMAGES = 1_000_000;
const USUAL_SPREAD = 0.3;

const EXAMPLES = `
Examples:
  agenet sample runs/mnist-1                                  a sheet of 64 as samples.png
  agenet sample runs/mnist-1 --count 1000 --out digits.npz    arr_0, bytes [N, H, W, C], for NumPy
  agenet sample runs/mnist-1 --count 100 --out digits         a folder of 100 PNG files
  agenet sample runs/mnist-1 --seeds 100-163                  the first image of each of these seeds
  agenet sample runs/mnist-1 --like seven.png --spread 0.3    images whose codes lie around that of an image
`;

export const sampleCommand = () =>
  subcommand('sample', 'draw images from a trained model')
    .argument('<run>', 'a run folder, or a checkpoint')
    .option('--count <number>', 'how many images', wholeNumber(1, MOST_IMAGES), 64)
    .addOption(seedOption().default(0))
    .addOption(
      new Option('--seeds <range>', 'one image for each seed from A to B, such as 0-63: the one that --seed alone gives first')
        .argParser(parseRange)
        .conflicts(['seed', 'count']),
    )
    .option('--like <image>', 'draw around the code of an image file')
    .option('--spread <share>', `how far around, above 0 and at most 1, which is anywhere (default: ${USUAL_SPREAD})`, parseNumber)
    .addOption(alongOption())
    .addOption(byOption())
    .option('--temperature <factor>', 'scale codes; only under the normal prior, since on the sphere all have length 1', parseNumber)
    .option('--out <path>', 'a .png sheet, an .npz array, or a folder of PNG files', 'samples.png')
    .option('--raw', 'use the weights themselves, not their averages')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, options) => perform(options, (terminal) => sample(run, options, terminal)));

/** `A-B`: the seeds from A to B, both included. */
function parseRange(text: string): readonly [first: number, last: number] {
  const found = /^(\d+)-(\d+)$/.exec(text);
  const [first, last] = [Number(found?.[1]), Number(found?.[2])];
  if (!found || first > last || last > LARGEST_SEED) throw new InvalidArgumentError(`It must be two seeds from 0 to ${LARGEST_SEED}, such as 0-63.`);
  if (last - first >= MOST_IMAGES) throw new InvalidArgumentError(`It must be at most ${MOST_IMAGES} seeds.`);
  return [first, last];
}

type Drawing = {
  readonly count: number;
  readonly seed: number;
  readonly seeds?: readonly [first: number, last: number] | undefined;
  readonly like?: string | undefined;
  readonly spread?: number | undefined;
  readonly temperature?: number | undefined;
};
type Options = Drawing & { readonly out: string } & AlongOptions & CompilerOptions;

async function sample(run: string, options: Options, terminal: Terminal): Promise<Outcome> {
  const { out, seeds, like } = options;
  const kind = outputKind(out, ['png', 'npz', 'folder']);
  if (like === undefined && options.spread !== undefined) throw new InputError('--spread: says how far around an image to draw; name one with --like');
  const opened = await openRun(run, compilerOf(options), options);
  const { model, checkpoint } = opened;
  const drawn = scaled(model, await draw(model, checkpoint.configuration, options), options.temperature);
  const { codes, moved } = await moveAlong(run, opened, drawn, options, terminal);
  const images = picturesOf(model, toBytes(await (like === undefined ? model.generate(codes) : model.decode(codes))));
  await model.release();

  if (kind === 'png') await writePng(out, sheet(images, squareColumns(images.count)));
  else if (kind === 'npz') await writeImageArrays(out, { arr_0: images });
  else await writeImageFolder(out, images);
  const seed = seeds?.[0] ?? options.seed;
  terminal.print(`${images.count} samples of ${seeds ? `seeds ${seeds.join(' to ')}` : `seed ${seed}`}: ${out}`);
  const around = like === undefined ? {} : { like, spread: options.spread ?? USUAL_SPREAD };
  return { result: { out, count: images.count, seed, ...(seeds ? { seeds } : {}), ...around, ...moved } };
}

/** Codes from the prior, or around that of an image: `count` of one seed, or the first of each of several. */
async function draw(model: TrainedModel, configuration: Configuration, { count, seed, seeds, like, spread }: Drawing): Promise<Float32Array> {
  const centre = like === undefined ? undefined : await model.encode((await readImages([like], configuration)).data);
  const { prior, latent } = model;
  const drawFrom = (stream: RandomStream, number: number) =>
    centre ? drawCodesAround(prior, centre, spread ?? USUAL_SPREAD, number, stream) : drawCodes(prior, number, latent, stream);
  if (seeds === undefined) return drawFrom(randomStream(seed, 'samples'), count);
  const [first, last] = seeds;
  const codes = new Float32Array((last - first + 1) * latent);
  for (let each = first; each <= last; each++) codes.set(drawFrom(randomStream(each, 'samples'), 1), (each - first) * latent);
  return codes;
}

function scaled({ prior }: TrainedModel, codes: Float32Array, temperature: number | undefined): Float32Array {
  if (temperature === undefined) return codes;
  if (prior === 'sphere') {
    throw new InputError(
      `--temperature ${temperature}: this run's codes lie on a sphere, where every one has length 1 and there is nothing to scale; to stay near an image use --like IMAGE --spread 0.3`,
    );
  }
  if (!(temperature > 0)) throw new InputError(`--temperature ${temperature}: must be above 0`);
  return codes.map((value) => temperature * value);
}
