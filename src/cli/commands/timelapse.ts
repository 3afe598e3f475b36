import { Option } from '@commander-js/extra-typings';
import { InputError } from '../../errors.js';
import { everyNth, requireFrameSize, timelapseDurations } from '../../images/imageGrid.js';
import type { Raster } from '../../images/raster.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { wholeNumber } from '../options.js';
import { forceOption, type OutputOptions, prepareOutput, writeAnimation } from '../output.js';

const EXAMPLES = `
Examples:
  agenet timelapse runs/mnist-1                               samples of the same 64 codes, from the first iterations to the last
  agenet timelapse runs/mnist-1 --previews reconstructions --every 5 --out progress.gif
`;

export const summary = "animate how a run's previews evolved during training";
export const group = 'Training:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'run folder')
    .addOption(new Option('--previews <kind>', 'previews to animate').choices(['samples', 'reconstructions'] as const).default('samples' as const))
    .option('--every <number>', 'use every Nth preview; always includes the last', wholeNumber(1, 1_000_000), 1)
    .option('--frame-ms <milliseconds>', 'duration of a frame', wholeNumber(10, 60_000), 120)
    .option('--out <file>', 'a .webp or .gif animation', 'timelapse.webp')
    .addOption(forceOption())
    .addHelpText('after', EXAMPLES)
    .action((run, options) => runAction(options, (terminal) => timelapse(run, options, terminal)));

type Options = { readonly previews: 'samples' | 'reconstructions'; readonly every: number; readonly frameMs: number } & OutputOptions;

async function timelapse(run: string, { previews, every, frameMs, ...output }: Options, terminal: Terminal): Promise<ActionResult> {
  const { readPicture } = await import('../../images/files.node.js');
  const { RunFolder } = await import('../../runs/runFolder.node.js');
  const { out } = output;
  await prepareOutput(output, ['animation']);
  const all = await (await RunFolder.open(run)).previews(previews);
  if (all.length === 0) throw new InputError(`${run}: the folder ${previews} has no previews yet; train with --sample-every`);
  const chosen = everyNth(all, every);
  const frames: Raster[] = [];
  for (const { file } of chosen) {
    const frame = await readPicture(file);
    requireFrameSize(frame, frames[0] ?? frame, file);
    frames.push(frame);
  }
  await writeAnimation(out, frames, timelapseDurations(frames.length, frameMs));
  const steps = [chosen[0]!.step, chosen.at(-1)!.step];
  terminal.print(`Wrote ${frames.length} previews of iterations ${steps.join(' to ')} to ${out}`);
  return { result: { out, count: frames.length, steps } };
}
