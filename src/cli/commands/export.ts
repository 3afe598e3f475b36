import { Option } from '@commander-js/extra-typings';
import type { PrecisionCost } from '../../export/precisionCost.js';
import type { Action, Subcommand } from '../command.js';
import { addModelOptions, openRunData } from '../modelCommand.js';
import { compilerOf, RUN_DATA_HELP, wholeNumber } from '../options.js';
import { requirePath } from '../output.js';
import { phaseProgress, steppingProgress } from '../progress.js';

export const summary = 'write the networks as ONNX files, with a model card';
export const group = 'Samples and codes:';
export const details = `
Writes generator.onnx (codes to images), encoder.onnx (images to codes), decoder.onnx (codes of images to images,
if the networks have separate running statistics), samples, reconstructions, and README.md, the model card.

Examples:
  agenet export runs/mnist-1 --out digits             files for ONNX Runtime in Python, C++, C#, Java or a web page
  agenet export runs/mnist-1 --out small --float16    half the size; states the difference from float32
`;

export const define = (command: Subcommand) =>
  addModelOptions(
    command
      .argument('<run>', 'run folder or checkpoint')
      .argument('[data]', `${RUN_DATA_HELP}, for reconstructions and FID`)
      .requiredOption('--out <folder>', 'a new folder, or one of an earlier export')
      .addOption(new Option('--float16', 'store kernels as float16').conflicts('int8'))
      .option('--int8', 'store kernels as int8, with a scale per channel')
      .option('--fid', 'also measure the FID that fewer bits cost, which takes minutes')
      .option(
        '--count <number>',
        'samples of --fid, and test images if there are as many (default: 10000)',
        wholeNumber(2, 1_000_000),
      )
      .option('--pytorch', 'also write pytorch.safetensors, the state_dict of the networks in PyTorch')
      .option('--training', 'also write a training iteration as training.onnx, with its state and a description')
      .option(
        '--web',
        'also write index.html, a page that samples, reconstructs images and walks between them in a browser',
      ),
  );

export const action: Action<typeof define> = async (terminal, run, data, options) => {
  const { exportRun } = await import('../../runs/exportRun.node.js');
  requirePath(options.out);
  const result = await exportRun(run, options.out, {
    ...options,
    compile: compilerOf(options, terminal),
    precision: options.float16 ? 'float16' : options.int8 ? 'int8' : 'float32',
    data,
    open: (asked, configuration) => openRunData(asked, configuration, terminal),
    onNote: terminal.note,
    onStep: steppingProgress(terminal, 'extractor'),
    onProgress: phaseProgress(terminal),
  });
  for (const file of result.files) terminal.print(`Wrote ${file}`);
  if (result.cost) costLines(result.cost, result.precision).forEach(terminal.print);
  return { result: { ...result } };
};

function costLines({ images, angles, fid }: PrecisionCost, precision: string) {
  const difference = `difference from float32: pixels ${images.mean.toExponential(1)} on average, at most ${images.max.toExponential(1)} of 0..1; codes ${angles.mean.toPrecision(2)}°, at most ${angles.max.toPrecision(2)}°`;
  if (!fid) return [difference];
  const fids = `${fid.float32.toFixed(2)} with float32, ${fid.stored.toFixed(2)} with ${precision}`;
  return [difference, `FID of ${fid.samples} samples: ${fids}`];
}
