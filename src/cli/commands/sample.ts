import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { TrainedModel } from '../../model/trainedModel.js';
import { drawCodesAround } from '../../model/codesAround.js';
import { channelsLast, type ImageBatch, toBytes } from '../../images/raster.js';
import { imageGrid, squareColumns } from '../../images/imageGrid.js';
import type { Configuration } from '../../training/configuration.js';
import type { PiecewiseArray } from '../../data/npzFile.node.js';
import { InputError } from '../../errors.js';
import { type RandomStream, LARGEST_SEED, randomStream } from '../../random.js';
import { alongOption, type AlongOptions, byOption, openMovement } from '../attributeOptions.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { compilerOf, type CompilerOptions, deviceOption, emaOption, parseNumber, seedOption, threadsOption, wholeNumber } from '../options.js';
import { forceOption, type OutputOptions, prepareOutput, writeImageFolder, writeNpz, writePng } from '../output.js';
import { withSignals, WRITING } from '../signals.js';

const MOST_IMAGES = 1_000_000;
const DEFAULT_SPREAD = 0.3;
/** Images that are in memory at a time: a multiple of what the model runs on, so that nothing is padded, and even. */
const CHUNK = 500;

const EXAMPLES = `
Examples:
  agenet sample runs/mnist-1                                  a sheet of 64 as samples.png
  agenet sample runs/mnist-1 --count 1000 --out digits.npz    arr_0, bytes [N, H, W, C], for NumPy
  agenet sample runs/mnist-1 --count 100 --out digits         a folder of 100 PNG files
  agenet sample runs/mnist-1 --seeds 100-163                  the first image of each of these seeds
  agenet sample runs/mnist-1 --like seven.png --spread 0.3    images whose codes lie around that of an image
`;

export const summary = 'draw samples from a trained model';
export const group = 'Samples and codes:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'a run folder, or a checkpoint')
    .option('--count <number>', 'how many images', wholeNumber(1, MOST_IMAGES), 64)
    .addOption(seedOption().default(0))
    .addOption(
      new Option('--seeds <range>', 'one image for each seed from A to B, such as 0-63: the one that --seed alone gives first')
        .argParser(parseRange)
        .conflicts(['seed', 'count']),
    )
    .option('--like <image>', 'draw around the code of an image file')
    .option('--spread <share>', `how far around, above 0 and at most 1, which is anywhere (default: ${DEFAULT_SPREAD})`, parseNumber)
    .addOption(alongOption())
    .addOption(byOption())
    .option('--temperature <factor>', 'scale codes; only under the normal prior, since on the sphere all have length 1', parseNumber)
    .option('--out <path>', 'a .png sheet, an .npz array, or a folder of PNG files', 'samples.png')
    .addOption(forceOption())
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, options) => runAction(options, (terminal) => sample(run, options, terminal)));

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
type Options = Drawing & OutputOptions & AlongOptions & CompilerOptions;

async function sample(run: string, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { openRun, picturesOf } = await import('../openRun.js');
  const { out, seeds, like } = options;
  const kind = await prepareOutput(options, ['png', 'npz', 'folder'], like === undefined ? [] : [like]);
  if (like === undefined && options.spread !== undefined) throw new InputError('--spread: says how far around an image to draw; name one with --like');
  const opened = await openRun(run, compilerOf(options, terminal), options);
  const { model, checkpoint } = opened;
  try {
    const factor = scaleOf(model, options.temperature);
    const drawings = await openDrawing(model, checkpoint.configuration, options);
    const { move, moved } = await openMovement(run, opened, options, terminal);
    const count = seeds ? seeds[1] - seeds[0] + 1 : options.count;
    /** The images, some at a time. */
    const batches = async function* (): AsyncGenerator<ImageBatch> {
      for (let first = 0; first < count; first += CHUNK) {
        const codes = move(drawings(first, Math.min(CHUNK, count - first)).map((value) => factor * value));
        yield picturesOf(model, toBytes(await (like === undefined ? model.generate(codes) : model.decode(codes))));
      }
    };
    return await withSignals(terminal, WRITING, async (signal) => {
      if (kind === 'npz') await writeNpz(out, { arr_0: imageArray(model, count, batches()) }, signal);
      else if (kind === 'png') await writeSheet(out, model, batches(), signal);
      else await writeImageFolder(out, untilAborted(batches(), signal));
      const seed = seeds?.[0] ?? options.seed;
      terminal.print(`${count} samples of ${seeds ? `seeds ${seeds.join(' to ')}` : `seed ${seed}`}: ${out}`);
      const around = like === undefined ? {} : { like, spread: options.spread ?? DEFAULT_SPREAD };
      return { result: { out, count, seed, ...(seeds ? { seeds } : {}), ...around, ...moved } };
    });
  } finally {
    await model.release();
  }
}

/** Codes from the prior, or around that of an image: of one seed in the order of their numbers, or the first of each of several seeds. */
async function openDrawing(
  model: TrainedModel,
  configuration: Configuration,
  { seed, seeds, like, spread }: Drawing,
): Promise<(first: number, count: number) => Float32Array> {
  const { drawCodes } = await import('../../age/prior.js');
  const { readImages } = await import('../../images/files.node.js');
  const center = like === undefined ? undefined : await model.encode((await readImages([like], configuration)).data);
  const { prior, latentSize } = model;
  const drawFrom = (stream: RandomStream, count: number) =>
    center ? drawCodesAround(prior, center, spread ?? DEFAULT_SPREAD, count, stream) : drawCodes(prior, count, latentSize, stream);
  // Draws of one stream are the same in pieces of an even number of coordinates.
  const stream = randomStream(seed, 'samples');
  if (seeds === undefined) return (_, count) => drawFrom(stream, count);
  return (first, count) => {
    const codes = new Float32Array(count * latentSize);
    for (let index = 0; index < count; index++) codes.set(drawFrom(randomStream(seeds[0] + first + index, 'samples'), 1), index * latentSize);
    return codes;
  };
}

/** The factor of codes that a temperature is. */
function scaleOf({ prior }: TrainedModel, temperature: number | undefined): number {
  if (temperature === undefined) return 1;
  if (prior === 'sphere') {
    throw new InputError(
      `--temperature ${temperature}: this run's codes lie on a sphere, where every one has length 1 and there is nothing to scale; to stay near an image use --like IMAGE --spread 0.3`,
    );
  }
  if (!(temperature > 0)) throw new InputError(`--temperature ${temperature}: must be above 0`);
  return temperature;
}

/** An array of the images, bytes [N, H, W, C]. */
function imageArray({ pair }: TrainedModel, count: number, batches: AsyncIterable<ImageBatch>): PiecewiseArray {
  const [channels, height, width] = pair.encoder.inputShape as [number, number, number];
  const pieces = async function* () {
    for await (const batch of batches) yield channelsLast(batch);
  };
  return { shape: [count, height, width, channels], type: '|u1', pieces: pieces() };
}

/** A sheet is one picture, which is in memory as a whole. */
async function writeSheet(out: string, model: TrainedModel, batches: AsyncIterable<ImageBatch>, signal: AbortSignal): Promise<void> {
  const { picturesOf } = await import('../openRun.js');
  const parts: Uint8Array[] = [];
  for await (const { data } of untilAborted(batches, signal)) parts.push(data);
  const images = picturesOf(model, Buffer.concat(parts));
  await writePng(out, imageGrid(images, squareColumns(images.count)));
}

async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}
