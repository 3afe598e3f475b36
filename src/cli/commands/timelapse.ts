import { Option } from '@commander-js/extra-typings';
import { InputError } from '../../errors.js';
import type { Raster } from '../../images/raster.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { wholeNumber } from '../options.js';
import { forceOption, type OutputOptions, prepareOutput, writeAnimation } from '../output.js';

const EXAMPLES = `
Examples:
  agenet film runs/mnist-1                                    the same 64 codes from the first iterations to the last
  agenet film runs/mnist-1 --of reconstructions --every 5 --out progress.gif
`;

/** The last picture is shown for so long. */
const LAST_MILLISECONDS = 2000;

export const summary = "animate how a run's previews evolved during training";
export const group = 'Training:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'a run folder')
    .addOption(new Option('--of <pictures>', 'which pictures').choices(['samples', 'reconstructions'] as const).default('samples' as const))
    .option('--every <number>', 'of so many pictures one; the last always', wholeNumber(1, 1_000_000), 1)
    .option('--frame <milliseconds>', 'how long a picture is shown', wholeNumber(10, 60_000), 120)
    .option('--out <file>', 'a .webp or .gif animation', 'film.webp')
    .addOption(forceOption())
    .addHelpText('after', EXAMPLES)
    .action((run, options) => runAction(options, (terminal) => film(run, options, terminal)));

type Options = { readonly of: 'samples' | 'reconstructions'; readonly every: number; readonly frame: number } & OutputOptions;

async function film(run: string, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { readPicture } = await import('../../images/files.node.js');
  const { RunFolder } = await import('../../runs/runFolder.node.js');
  const { of, every, frame, out } = options;
  await prepareOutput(options, ['animation']);
  const all = await (await RunFolder.open(run)).pictures(of);
  if (all.length === 0) throw new InputError(`${run}: the run has no pictures in its folder ${of} yet`);
  // Counted from the end, so that the last one is among them.
  const chosen = all.filter((_, index) => (all.length - 1 - index) % every === 0);
  const frames: Raster[] = [];
  for (const { file } of chosen) frames.push(sameSize(await readPicture(file), frames[0], file));
  await writeAnimation(
    out,
    frames,
    frames.map((_, index) => (index === frames.length - 1 ? Math.max(LAST_MILLISECONDS, frame) : frame)),
  );
  const steps = [chosen[0]!.step, chosen.at(-1)!.step];
  terminal.print(`${frames.length} pictures of iterations ${steps.join(' to ')}: ${out}`);
  return { result: { out, count: frames.length, steps } };
}

function sameSize(picture: Raster, first: Raster | undefined, file: string): Raster {
  if (first && (picture.width !== first.width || picture.height !== first.height || picture.channels !== first.channels)) {
    throw new InputError(`${file}: has ${picture.width}x${picture.height} pixels, but those before it have ${first.width}x${first.height}`);
  }
  return picture;
}
