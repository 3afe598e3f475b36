import { Option } from '@commander-js/extra-typings';
import type { NpzArrays } from '../../data/formats/npz.js';
import type { Action, Subcommand } from '../command.js';
import { addModelOptions, splitOf, withRunData } from '../modelCommand.js';
import { RUN_DATA_HELP } from '../options.js';
import { forceOption, prepareOutput, writeNpzFile } from '../output.js';
import { withSignals } from '../signals.js';

export const summary = 'write the latent codes of images';
export const group = 'Samples and codes:';
export const details = `
Examples:
  agenet encode runs/mnist-1 --split test --out codes.npz    codes float32 [N, M] and labels, for NumPy
  agenet encode runs/photos photos                           the code of each image in a folder, with its name
`;

export const define = (command: Subcommand) =>
  addModelOptions(
    command
      .argument('<run>', 'run folder or checkpoint')
      .argument('[data]', RUN_DATA_HELP)
      .addOption(
        new Option('--split <split>', 'split of the data set (default: all images of DATA, or train)').choices([
          'train',
          'test',
          'all',
        ] as const),
      )
      .option('--out <path>', 'an .npz archive', 'codes.npz')
      .addOption(forceOption()),
  );

export const action: Action<typeof define> = async (terminal, run, data, options) => {
  const { joinSplits } = await import('../../data/source.js');
  const { textArray } = await import('../../data/formats/npz.js');
  const { split = data === undefined ? 'train' : 'all', out } = options;
  await prepareOutput(options, ['npz']);
  return withRunData(run, data, options, terminal, async ({ model, source, openCodes }) => {
    const { latentSize } = model;
    const images = split === 'all' ? joinSplits(source) : splitOf(source, split);
    const { count, labels, nameOf } = images;
    return withSignals(terminal, async (signal) => {
      const pieces = openCodes({ signal }).chunks(images);
      const arrays: NpzArrays = {
        codes: { shape: [count, latentSize], type: '<f4', pieces },
        ...(labels && { labels: { shape: [count], data: labels } }),
        ...(nameOf && { names: textArray(Array.from({ length: count }, (_, index) => nameOf(index))) }),
      };
      await writeNpzFile(out, arrays, signal);
      terminal.print(`Wrote ${count} codes of ${latentSize} dimensions to ${out}`);
      return { result: { out, count, latent: latentSize, labels: labels !== null, names: nameOf !== undefined } };
    });
  });
};
