import { Option } from '@commander-js/extra-typings';
import { firstImages, gatherImages, type ImageSource, type Split } from '../../data/source.js';
import { channelsLast, type ImageBatch } from '../../images/raster.js';
import { CROPS } from '../../images/decoding.js';
import { imageGrid, squareColumns } from '../../images/imageGrid.js';
import type { PiecewiseArray } from '../../data/npzFile.node.js';
import { InputError } from '../../errors.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { DATA_HELP, parseNumber } from '../options.js';
import { forceOption, prepareOutput, writeNpz, writePng } from '../output.js';
import { decodingProgress } from '../progress.js';
import { withSignals, WRITING } from '../signals.js';

const EXAMPLES = `
Examples:
  agenet dataset photos                               how many images there are, of which classes, and what was left out
  agenet dataset photos --size 32 --out photos.png    with a sheet of the first 64
  agenet dataset mnist --split test --out mnist.npz   images as bytes [N, H, W, C] and labels, for NumPy
`;

const PREVIEW = 64;
/** Left-out images that are named; the result of --json has all of them. */
const NAMED = 10;

export const summary = 'inspect a data set, or export it as .npz';
export const group = 'Data and environment:';

export const define = (command: Subcommand) =>
  command
    .argument('<data>', DATA_HELP)
    .addOption(new Option('--split <part>', 'the part for --out').choices(['train', 'test']).default('train'))
    .option('--size <pixels>', "rows and columns of an image (default: the data's own)", parseNumber)
    .option('--channels <number>', "1 for grey, 3 for RGB (default: the data's own)", parseNumber)
    .addOption(new Option('--crop <name>', "how images become squares (default: center, or the data's own)").choices(CROPS))
    .option('--test-fraction <share>', 'keep so many for tests, where the data do not say which (default: 0.1)', parseNumber)
    .option('--strict', 'stop at the first image that cannot be read, instead of leaving it out')
    .option('--out <path>', 'a .png sheet of the first images, or an .npz archive of all')
    .addOption(forceOption())
    .addHelpText('after', EXAMPLES)
    .action((data, options) => runAction(options, (terminal) => dataset(data, options, terminal)));

type Options = {
  readonly split: string;
  readonly size?: number | undefined;
  readonly channels?: number | undefined;
  readonly crop?: (typeof CROPS)[number] | undefined;
  readonly testFraction?: number | undefined;
  readonly strict?: true | undefined;
  readonly out?: string | undefined;
  readonly force?: true | undefined;
};

async function dataset(data: string, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { nativeFormat, openSource } = await import('../../data/open.node.js');
  const { split, out, force } = options;
  const kind = out === undefined ? undefined : await prepareOutput({ out, force }, ['png', 'npz'], [data]);
  const native = await nativeFormat(data);
  const format = { size: options.size ?? native.size, channels: options.channels ?? native.channels, crop: options.crop ?? native.crop ?? 'center' };
  const source = await openSource(data, format, {
    strict: options.strict ?? false,
    onWarning: terminal.note,
    onProgress: decodingProgress(terminal),
    ...(options.testFraction === undefined ? {} : { testFraction: options.testFraction }),
  });
  try {
    const part = split === 'test' ? source.test : source.train;
    if (out === undefined || kind === undefined) return describe(source, out, terminal);
    return await withSignals(terminal, WRITING, async (signal) => {
      if (kind === 'png' && part.count === 0) throw new InputError(`--split ${split}: ${data} has no such images`);
      await (kind === 'png' ? writePreview(out, source, part) : writeArchive(out, source, part, signal));
      return describe(source, out, terminal);
    });
  } finally {
    source.close?.();
  }
}

function describe(source: ImageSource, out: string | undefined, terminal: Terminal): ActionResult {
  const { name, size, channels, train, test, classes, classNames, skipped = [] } = source;
  const perClass = classes === null ? null : countsOf([train, test], classes);
  terminal.print(`${name}: images of ${size.join('x')}, ${channels === 1 ? 'grey' : 'RGB'}; ${train.count} to train on, ${test.count} to test on`);
  if (perClass === null) terminal.print('no labels');
  else perClass.forEach((count, index) => terminal.print(`  class ${index}${classNames?.[index] ? ` (${classNames[index]})` : ''}: ${count}`));
  if (skipped.length > 0) {
    terminal.print(`left out: ${skipped.length}`);
    for (const each of skipped.slice(0, NAMED)) terminal.print(`  ${each.name}: ${each.reason}`);
    if (skipped.length > NAMED) terminal.print(`  and ${skipped.length - NAMED} more`);
  }
  if (out !== undefined) terminal.print(out);
  const labelled = classes === null ? {} : { per_class: perClass, class_names: classNames ?? null };
  return {
    result: { name, size, channels, train: train.count, test: test.count, classes, ...labelled, left_out: skipped, ...(out === undefined ? {} : { out }) },
  };
}

/** How many images there are of each class. */
function countsOf(parts: readonly Split[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { labels } of parts) for (const label of labels ?? []) counts[label]!++;
  return counts;
}

const imageBytes = ({ size, channels }: ImageSource): number => size[0] * size[1] * channels;

const batchOf = (source: ImageSource, data: Uint8Array): ImageBatch => ({
  shape: [source.channels, ...source.size],
  count: data.length / imageBytes(source),
  data,
});

async function writePreview(path: string, source: ImageSource, part: Split): Promise<void> {
  const images = batchOf(source, firstImages(part, PREVIEW, imageBytes(source)));
  await writePng(path, imageGrid(images, squareColumns(images.count)));
}

/** Images that are in memory at a time. */
const CHUNK = 1000;

async function writeArchive(path: string, source: ImageSource, part: Split, signal: AbortSignal): Promise<void> {
  const { inOnePiece } = await import('../../data/npzFile.node.js');
  const pieces = function* () {
    for (let first = 0; first < part.count; first += CHUNK) {
      const indices = Array.from({ length: Math.min(CHUNK, part.count - first) }, (_, index) => first + index);
      yield channelsLast(batchOf(source, gatherImages(part, indices, imageBytes(source))));
    }
  };
  const images: PiecewiseArray = { shape: [part.count, ...source.size, source.channels], type: '|u1', pieces: pieces() };
  const labels = part.labels ? { labels: inOnePiece({ shape: [part.count], data: part.labels }) } : {};
  await writeNpz(path, { images, ...labels }, signal);
}
