import { Option } from '@commander-js/extra-typings';
import { join } from 'node:path';
import { drawAcrossClasses, gatherImages, type ImageSource, type Split, subset } from '../../data/source.js';
import { InputError, setting, text } from '../../errors.js';
import { numbered, writeFolderAtomically } from '../../files/atomic.node.js';
import { imageGrid, squareColumns } from '../../images/imageGrid.js';
import { CROPS } from '../../images/preprocessing.js';
import { type ImageBatch, imageOf } from '../../images/raster.js';
import type { Action, Subcommand, Terminal } from '../command.js';
import { captionOf, splitOf, writeDrawing } from '../modelCommand.js';
import {
  captionsOption,
  DATA_HELP,
  gridStyle,
  type ImageOptions,
  parseNumber,
  scaleOption,
  showOption,
  splitOption,
  wholeNumber,
} from '../options.js';
import { forceOption, imageArray, type OutputOptions, prepareOutput, writeNpzFile } from '../output.js';
import { decodingReports } from '../progress.js';
import { withSignals } from '../signals.js';

const help = (datasets: readonly (readonly [spec: string, help: string])[]) => `
Data:
${datasets.map(([spec, help]) => `  ${spec.padEnd(20)}  ${help}`).join('\n')}

Examples:
  agenet dataset photos                               count images and classes, and list skipped files
  agenet dataset photos --size 32 --out photos.png    also write an image grid of 64 images of all classes
  agenet dataset mnist --split test --out mnist.npz   export images as bytes [N, H, W, C] with labels, for NumPy
  agenet dataset mnist --count 100 --out digits       export PNG files by class: digits/7/000000.png
`;

/** Default number of images in a grid. */
const PREVIEW = 64;
/** Maximum number of skipped images to print; --json has all. */
const LISTED = 10;

export const summary = 'inspect a data set, or export it as .npz';
export const group = 'Data and environment:';

export const define = async (command: Subcommand) => {
  const { DATASETS, specOf } = await import('../../data/open.node.js');
  return command
    .argument('<data>', DATA_HELP)
    .addOption(splitOption('train', 'split for --out'))
    .option('--size <pixels>', 'rows and columns of an image (default: native size)', parseNumber)
    .option('--channels <number>', '1 (grayscale) or 3 (RGB) (default: native channels)', parseNumber)
    .addOption(
      new Option('--crop <name>', 'how images become squares (default: center, or as the data set declares)').choices(
        CROPS,
      ),
    )
    .option(
      '--test-fraction <fraction>',
      'fraction held out for testing, if the data has no test split (default: 0.1)',
      parseNumber,
    )
    .option('--strict', 'stop at the first image that cannot be read, instead of skipping it')
    .option('--out <path>', 'image grid (.png or .webp), archive (.npz), or new folder of PNG files by class')
    .option(
      '--count <number>',
      'images to write, in turn from each class; all if there are fewer (default: 64 in a grid, else all)',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .addOption(scaleOption())
    .addOption(captionsOption('the name or number and the class'))
    .addOption(showOption())
    .addOption(forceOption())
    .addHelpText('after', help(DATASETS.map((entry) => [specOf(entry), entry.help])));
};

export const action: Action<typeof define> = async (terminal, data, options) => {
  const { nativeFormat, openSource } = await import('../../data/open.node.js');
  const { split, out, strict = false, testFraction } = options;
  if (out === undefined) requireNoImageOptions(options);
  const kind = out === undefined ? out : await prepareOutput({ ...options, out }, ['image', 'npz', 'folder'], [data]);
  const native = await nativeFormat(data);
  const { size = native.size, channels = native.channels, crop = native.crop } = options;
  const opening = { strict, ...decodingReports(terminal), ...(testFraction !== undefined && { testFraction }) };
  const source = await openSource(data, { size, channels, crop }, opening);
  try {
    const chosen = splitOf(source, split);
    if (out === undefined) return describe(source, out, terminal);
    return await withSignals(terminal, async (signal) => {
      if (chosen.count === 0)
        throw new InputError(text`${setting('split')} ${split}`, `the ${split} split of ${data} has no images`);
      const { count = kind === 'image' ? PREVIEW : chosen.count } = options;
      const indices = count < chosen.count ? drawAcrossClasses(chosen, count) : [...Array(chosen.count).keys()];
      const written = { source, split: chosen, indices };
      if (kind === 'image') await writePreview({ ...options, out }, written, terminal);
      else if (kind === 'npz') await writeArchive(out, written, signal);
      else await writeImageFolder(out, written, signal);
      return describe(source, out, terminal);
    });
  } finally {
    source.close?.();
  }
};

/** @throws {InputError} if an option has no effect without `--out` */
function requireNoImageOptions(options: ImageOptions & { count?: number }) {
  for (const name of ['count', 'scale', 'captions', 'show'] as const) {
    if (options[name] !== undefined)
      throw new InputError(`--${name}`, text`requires ${setting('out')}, a .png or .webp file`);
  }
}

function describe(source: ImageSource, out: string | undefined, terminal: Terminal) {
  const { name, size, channels, train, test, classes, classNames, skipped = [] } = source;
  const perClass = classes === null ? null : countsOf([train, test], classes);
  terminal.print(
    `${name}: ${size.join('x')} ${channels === 1 ? 'grayscale' : 'RGB'} images; ${train.count} train, ${test.count} test`,
  );
  if (perClass === null) terminal.print('no labels');
  else
    perClass.forEach((count, index) =>
      terminal.print(`  class ${index}${classNames?.[index] ? ` (${classNames[index]})` : ''}: ${count}`),
    );
  if (skipped.length > 0) {
    terminal.print(`skipped: ${skipped.length}`);
    for (const each of skipped.slice(0, LISTED)) terminal.print(`  ${each.name}: ${each.reason}`);
    if (skipped.length > LISTED) terminal.print(`  and ${skipped.length - LISTED} more`);
  }
  if (out !== undefined) terminal.print(`Wrote ${out}`);
  return {
    result: {
      ...{ name, size, channels, train: train.count, test: test.count, classes },
      ...(perClass && { per_class: perClass, class_names: classNames ?? null }),
      ...{ skipped, out },
    },
  };
}

function countsOf(splits: readonly Split[], classes: number) {
  const counts = new Array<number>(classes).fill(0);
  for (const { labels } of splits) for (const label of labels ?? []) counts[label]!++;
  return counts;
}

interface WrittenImages {
  source: ImageSource;
  split: Split;
  indices: readonly number[];
}

const imageBytes = ({ size, channels }: ImageSource) => size[0] * size[1] * channels;

const batchOf = (source: ImageSource, data: Uint8Array): ImageBatch => ({
  shape: [source.channels, ...source.size],
  count: data.length / imageBytes(source),
  data,
});

async function writePreview(options: OutputOptions, { source, split, indices }: WrittenImages, terminal: Terminal) {
  const images = batchOf(source, gatherImages(split, indices, imageBytes(source)));
  const style = gridStyle(options, () => indices.map((index) => captionOf(source, split, index)));
  await writeDrawing(imageGrid(images, squareColumns(images.count), style), options, terminal);
}

async function writeArchive(path: string, { source, split, indices }: WrittenImages, signal: AbortSignal) {
  const { inChunks } = await import('../../model/chunks.js');
  const chosen = Uint32Array.from(indices);
  const batches = function* () {
    for (const { images } of inChunks(split, imageBytes(source), chosen)) yield batchOf(source, images);
  };
  const images = imageArray({ count: chosen.length, shape: [source.channels, ...source.size], batches: batches() });
  const { labels } = subset(split, chosen);
  await writeNpzFile(path, { images, ...(labels && { labels: { shape: [labels.length], data: labels } }) }, signal);
}

/** Writes images as PNG files, numbered within a folder per class. */
async function writeImageFolder(path: string, { source, split, indices }: WrittenImages, signal: AbortSignal) {
  const { encodePng } = await import('../../images/files.node.js');
  const counts = new Map<string, number>();
  const names = indices.map((index) => {
    const label = split.labels?.[index];
    const name = label === undefined ? '' : (source.classNames?.[label] ?? String(label));
    const folder = name.replace(/[^\p{L}\p{N} ._-]/gu, '_');
    const number = counts.get(folder) ?? 0;
    counts.set(folder, number + 1);
    return join(folder, `${numbered(number)}.png`);
  });
  const pngOf = (position: number) => {
    const data = gatherImages(split, [indices[position]!], imageBytes(source));
    return encodePng(imageOf(batchOf(source, data), 0));
  };
  await writeFolderAtomically(path, names, pngOf, signal);
}
