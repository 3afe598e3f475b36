import type { PiecewiseArray } from '../../data/formats/npz.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import {
  compilerOf,
  type CompilerOptions,
  deviceOption,
  emaOption,
  RUN_DATA_HELP,
  splitOption,
  threadsOption,
} from '../options.js';
import { forceOption, keepInputs, type OutputOptions, prepareOutput, writeNpzFile } from '../output.js';
import { withSignals, WRITING } from '../signals.js';

const EXAMPLES = `
Examples:
  agenet encode runs/mnist-1 --split test --out codes.npz    codes float32 [N, M] and labels, for NumPy
`;

export const summary = 'write the latent codes of images';
export const group = 'Samples and codes:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'run folder or checkpoint')
    .argument('[data]', RUN_DATA_HELP)
    .addOption(splitOption())
    .option('--out <path>', 'an .npz archive', 'codes.npz')
    .addOption(forceOption())
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, data, options) => runAction(options, (terminal) => encode(run, data, options, terminal)));

type Options = { readonly split: string; readonly ema: boolean } & OutputOptions & CompilerOptions;

async function encode(
  run: string,
  data: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<ActionResult> {
  const { Model } = await import('../../runs/model.node.js');
  const { openCodeCache, openRunData, splitOf } = await import('../runData.js');
  const { split, out, ema } = options;
  await prepareOutput(options, ['npz']);
  const model = await Model.open(run, compilerOf(options, terminal), { ema });
  const { configuration } = model;
  await keepInputs(out, [data ?? configuration.data]);
  const source = await openRunData(data, configuration, terminal);
  try {
    const splitImages = splitOf(source, split);
    return await withSignals(terminal, WRITING, async (signal) => {
      const codes: PiecewiseArray = {
        shape: [splitImages.count, model.latentSize],
        type: '<f4',
        pieces: openCodeCache(model.trained, options, terminal, signal).chunks(splitImages),
      };
      const labels = splitImages.labels ? { labels: { shape: [splitImages.count], data: splitImages.labels } } : {};
      await writeNpzFile(out, { codes, ...labels }, signal);
      terminal.print(`Wrote ${splitImages.count} codes of ${model.latentSize} dimensions to ${out}`);
      return {
        result: { out, count: splitImages.count, latent: model.latentSize, labels: splitImages.labels !== null },
      };
    });
  } finally {
    await model.release();
    source.close?.();
  }
}
