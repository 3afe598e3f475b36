import { type ActionResult, runAction, subcommand, type Terminal } from '../command.js';
import { openRun } from '../openRun.js';
import { compilerOf, type CompilerOptions, deviceOption, threadsOption } from '../options.js';
import { forceOption, keepInputs, type OutputOptions, prepareOutput, writeNpz } from '../output.js';
import { openRunData, splitOf, splitOption } from '../runData.js';
import { withSignals, WRITING } from '../signals.js';
import { inOnePiece, type PiecewiseArray } from '../../data/npzFile.node.js';
import { DATA_SPEC_HELP } from '../../data/open.node.js';
import { encodedChunks } from '../../model/chunks.js';

const EXAMPLES = `
Examples:
  agenet encode runs/mnist-1 --split test --out codes.npz    codes float32 [N, M] and labels, for NumPy
`;

export const encodeCommand = () =>
  subcommand('encode', 'write the latent codes of images')
    .argument('<run>', 'a run folder, or a checkpoint')
    .argument('[data]', `${DATA_SPEC_HELP} (default: what the run was trained on)`)
    .addOption(splitOption())
    .option('--out <path>', 'an .npz archive', 'codes.npz')
    .addOption(forceOption())
    .option('--no-ema', 'use the weights themselves, not their averages')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, data, options) => runAction(options, (terminal) => encode(run, data, options, terminal)));

type Options = { readonly split: string; readonly ema: boolean } & OutputOptions & CompilerOptions;

async function encode(run: string, data: string | undefined, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { split, out, ema } = options;
  await prepareOutput(options, ['npz']);
  const { model, checkpoint } = await openRun(run, compilerOf(options, terminal), { ema });
  const { configuration } = checkpoint;
  await keepInputs(out, [data ?? configuration.data]);
  const source = await openRunData(data, configuration, terminal);
  try {
    const part = splitOf(source, split);
    return await withSignals(terminal, WRITING, async (signal) => {
      const codes: PiecewiseArray = { shape: [part.count, model.latentSize], type: '<f4', pieces: encodedChunks(model, part) };
      const labels = part.labels ? { labels: inOnePiece({ shape: [part.count], data: part.labels }) } : {};
      await writeNpz(out, { codes, ...labels }, signal);
      terminal.print(`${part.count} codes of ${model.latentSize} coordinates: ${out}`);
      return { result: { out, count: part.count, latent: model.latentSize, labels: part.labels !== null } };
    });
  } finally {
    await model.release();
    source.close?.();
  }
}
