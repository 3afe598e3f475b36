import { drawSamples } from '../evaluation/index.js';
import { sheet, squareColumns } from '../images/index.js';
import { type Outcome, perform, subcommand, type Terminal } from './command.js';
import { openRun, picturesOf } from './openRun.js';
import { compilerOf, type CompilerOptions, deviceOption, seedOption, threadsOption, wholeNumber } from './options.js';
import { outputKind, writeImageArrays, writeImageFolder, writePng } from './output.js';

const EXAMPLES = `
Examples:
  agenet sample runs/mnist-1                                  a sheet of 64 as samples.png
  agenet sample runs/mnist-1 --count 1000 --out digits.npz    arr_0, bytes [N, H, W, C], for NumPy
  agenet sample runs/mnist-1 --count 100 --out digits         a folder of 100 PNG files
`;

export const sampleCommand = () =>
  subcommand('sample', 'draw images from a trained model')
    .argument('<run>', 'a run folder, or a checkpoint')
    .option('--count <number>', 'how many images', wholeNumber(1, 1_000_000), 64)
    .addOption(seedOption().default(0))
    .option('--out <path>', 'a .png sheet, an .npz array, or a folder of PNG files', 'samples.png')
    .option('--raw', 'use the weights themselves, not their averages')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, options) => perform(options, (terminal) => sample(run, options, terminal)));

type Options = { count: number; seed: number; out: string; raw?: true | undefined } & CompilerOptions;

async function sample(run: string, options: Options, terminal: Terminal): Promise<Outcome> {
  const { count, seed, out } = options;
  const kind = outputKind(out, ['png', 'npz', 'folder']);
  const { model } = await openRun(run, compilerOf(options), options);
  const images = picturesOf(model, await drawSamples(model, count, seed));
  await model.release();

  if (kind === 'png') await writePng(out, sheet(images, squareColumns(count)));
  else if (kind === 'npz') await writeImageArrays(out, { arr_0: images });
  else await writeImageFolder(out, images);
  terminal.print(`${count} samples of seed ${seed}: ${out}`);
  return { result: { out, count, seed } };
}
