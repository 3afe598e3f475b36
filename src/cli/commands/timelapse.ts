import { Option } from '@commander-js/extra-typings';
import { InputError, setting, text } from '../../errors.js';
import { evenlySpaced, requireFrameSize, timelapse as animate } from '../../images/frames.js';
import type { Raster } from '../../images/raster.js';
import type { Action, Subcommand } from '../command.js';
import { fpsOption, scaleOption, wholeNumber } from '../options.js';
import { forceOption, prepareOutput, writeAnimation } from '../output.js';
import { withSignals } from '../signals.js';

const DEFAULT_FPS = 8;

export const summary = "animate how a run's previews evolved during training";
export const group = 'Training:';
export const details = `
Examples:
  agenet timelapse runs/mnist-1                               samples of the same 64 codes, from the first iterations to the last
  agenet timelapse runs/mnist-1 --previews reconstructions --frames 20 --fps 5 --out progress.gif
`;

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'run folder')
    .addOption(
      new Option('--previews <kind>', 'previews to animate')
        .choices(['samples', 'reconstructions'] as const)
        .default('samples' as const),
    )
    .option(
      '--frames <number>',
      'previews to show, evenly spaced; the first and the last are included (default: all)',
      wholeNumber(2, 1_000_000),
    )
    .option('--out <file>', 'a .gif, .webp or .mp4 animation; .mp4 requires ffmpeg', 'timelapse.webp')
    .addOption(scaleOption())
    .addOption(fpsOption(DEFAULT_FPS))
    .addOption(forceOption());

export const action: Action<typeof define> = async (terminal, run, { previews, frames: count, ...output }) => {
  const { readPicture } = await import('../../images/files.node.js');
  const { RunFolder } = await import('../../runs/runFolder.node.js');
  const { out, scale, fps = DEFAULT_FPS } = output;
  await prepareOutput(output, ['animation']);
  const all = await (await RunFolder.open(run)).previews(previews);
  if (all.length === 0)
    throw new InputError(run, `the folder ${previews} has no previews yet`, text`train with ${setting('sampleEvery')}`);
  const chosen = evenlySpaced(all, count ?? all.length);
  const frames: Raster[] = [];
  for (const { file } of chosen) {
    const frame = await readPicture(file);
    requireFrameSize(frame, frames[0] ?? frame, file);
    frames.push(frame);
  }
  return withSignals(terminal, async (signal) => {
    await writeAnimation(out, animate(frames, fps), scale, signal);
    const steps = [chosen[0]!.step, chosen.at(-1)!.step];
    terminal.print(`Wrote ${frames.length} previews of iterations ${steps.join(' to ')} to ${out}`);
    return { result: { out, count: frames.length, steps } };
  });
};
