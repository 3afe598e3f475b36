import { firstImages } from '../data/index.js';
import { namesSource, openSource } from '../data/open.node.js';
import { InputError } from '../errors.js';
import { readImage } from '../images/files.node.js';
import { pairSheet, toBytes } from '../images/index.js';
import type { TrainedModel } from '../age/index.js';
import type { Configuration } from '../training/index.js';
import { type Outcome, perform, subcommand, type Terminal } from './command.js';
import { openRun, picturesOf } from './openRun.js';
import { compilerOf, type CompilerOptions, deviceOption, threadsOption, wholeNumber } from './options.js';
import { outputKind, writeImageArrays, writePng } from './output.js';

const PAIRS_PER_ROW = 4;

const EXAMPLES = `
Examples:
  agenet reconstruct runs/mnist-1                     the first 32 test images, each beside its reconstruction
  agenet reconstruct runs/mnist-1 mine.png yours.jpg --out pairs.png
`;

export const reconstructCommand = () =>
  subcommand('reconstruct', 'encode images and generate them again')
    .argument('<run>', 'a run folder, or a checkpoint')
    .argument('[images...]', 'image files, or the name of a data set whose test images to take (default: the one trained on)')
    .option('--count <number>', "how many of the data set's images", wholeNumber(1, 100_000), 32)
    .option('--out <file>', 'a .png sheet of pairs, or an .npz with original and reconstruction', 'reconstructions.png')
    .option('--raw', 'use the weights themselves, not their averages')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, images, options) => perform(options, (terminal) => reconstruct(run, images, options, terminal)));

type Options = { count: number; out: string; raw?: true | undefined } & CompilerOptions;

async function reconstruct(run: string, images: readonly string[], options: Options, terminal: Terminal): Promise<Outcome> {
  const { out } = options;
  const kind = outputKind(out, ['png', 'npz']);
  const { model, checkpoint } = await openRun(run, compilerOf(options), options);
  const original = picturesOf(model, await originals(images, checkpoint.configuration, model, options.count, terminal.note));
  const reconstruction = picturesOf(model, toBytes(await model.generate(await model.encode(original.data))));
  await model.release();

  if (kind === 'png') await writePng(out, pairSheet(original, reconstruction, PAIRS_PER_ROW));
  else await writeImageArrays(out, { original, reconstruction });
  terminal.print(`${original.count} images, each with its reconstruction at its right: ${out}`);
  return { result: { out, count: original.count } };
}

/** Bytes [N, C, H, W] of the files, or of the first test images of a data set. */
async function originals(
  images: readonly string[],
  configuration: Configuration,
  model: TrainedModel,
  count: number,
  onWarning: (line: string) => void,
): Promise<Uint8Array> {
  const [name = configuration.data] = images;
  if (images.length <= 1 && (images.length === 0 || namesSource(name))) {
    const source = await openSource(name, configuration, { onWarning });
    if (count > source.test.count) throw new InputError(`--count ${count}: ${source.name} has ${source.test.count} test images`);
    return firstImages(source.test, count, model.imageSize);
  }
  return readImages(images, configuration);
}

/** Image files in the size and channels that a model was trained with, bytes [N, C, H, W]. */
export async function readImages(paths: readonly string[], { size, channels }: Configuration): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  for (const path of paths) read.push((await readImage(path, size, channels)).data);
  return Uint8Array.from(Buffer.concat(read));
}
