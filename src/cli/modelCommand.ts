/** The parts that commands on a trained model share: options, opening the run with its data, and images as output. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { ImageSource } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import type { Raster } from '../images/raster.js';
import type { OpenedRun } from '../runs/runFolder.node.js';
import type { Terminal } from './command.js';
import { imageDisplay } from './imageDisplay.js';
import { scaleOption, showOption } from './imageOptions.js';
import { compilerOf, type CompilerOptions, deviceOption, emaOption, threadsOption } from './options.js';
import { forceOption, keepInputs, type OutputOptions, writePng } from './output.js';

/** Values of the options that `addModelOptions` adds. */
export interface ModelCommandOptions extends CompilerOptions {
  readonly ema: boolean;
}

/** Adds the options of every command on a trained model. */
export const addModelOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) => command.addOption(emaOption()).addOption(deviceOption()).addOption(threadsOption());

/** Adds the options of a command that draws an image to `--out`; the options of `OutputOptions` besides `--out`. */
export const addDrawingOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) => command.addOption(scaleOption()).addOption(showOption()).addOption(forceOption());

/** A model, its checkpoint, and data in the format of the run. */
export interface OpenedModel extends OpenedRun {
  readonly source: ImageSource;
  readonly compile: Compile;
}

/**
 * Opens a run and data in its format (default: the data of the run) for some work, and releases both.
 * @param options.out output that must not be one of the inputs
 */
export async function withRunData<T>(
  run: string,
  data: string | undefined,
  options: ModelCommandOptions & { readonly out?: string | undefined },
  terminal: Terminal,
  work: (opened: OpenedModel) => Promise<T>,
): Promise<T> {
  const { openRun } = await import('../runs/runFolder.node.js');
  const { openRunData } = await import('./runData.js');
  const compile = compilerOf(options, terminal);
  const { model, checkpoint } = await openRun(run, compile, options);
  try {
    const { configuration } = checkpoint;
    if (options.out !== undefined) await keepInputs(options.out, [data ?? configuration.data]);
    const source = await openRunData(data, configuration, terminal);
    try {
      return await work({ model, checkpoint, source, compile });
    } finally {
      source.close?.();
    }
  } finally {
    await model.release();
  }
}

/** Writes an image to `--out`, and displays it as `--show` requests. */
export async function writeDrawing(image: Raster, { out, show }: OutputOptions, terminal: Terminal): Promise<void> {
  await writePng(out, image);
  await imageDisplay(terminal, show)(out);
}
