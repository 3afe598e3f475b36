import { Option } from '@commander-js/extra-typings';
import { encodeNpz, gatherImages, type NumpyArray } from '../data/index.js';
import { openSource, SOURCE_FORMS } from '../data/open.node.js';
import { writeFileAtomically } from '../files.node.js';
import { type Outcome, perform, subcommand, type Terminal } from './command.js';
import { openRun } from './openRun.js';
import { compilerOf, type CompilerOptions, deviceOption, threadsOption } from './options.js';
import { outputKind } from './output.js';
import { decodingProgress } from './progress.js';

const EXAMPLES = `
Examples:
  agenet encode runs/mnist-1 --split test --out codes.npz    codes float32 [N, M] and labels, for NumPy
`;

/** Images that are in memory at once. */
const CHUNK = 5000;

export const encodeCommand = () =>
  subcommand('encode', 'write the latent codes of images')
    .argument('<run>', 'a run folder, or a checkpoint')
    .argument('[data]', `${SOURCE_FORMS} (default: what the run was trained on)`)
    .addOption(new Option('--split <part>', 'which images').choices(['train', 'test']).default('train'))
    .option('--out <path>', 'an .npz archive', 'codes.npz')
    .option('--raw', 'use the weights themselves, not their averages')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, data, options) => perform(options, (terminal) => encode(run, data, options, terminal)));

type Options = { readonly split: string; readonly out: string; readonly raw?: true | undefined } & CompilerOptions;

async function encode(run: string, data: string | undefined, options: Options, terminal: Terminal): Promise<Outcome> {
  const { split, out, raw } = options;
  outputKind(out, ['npz']);
  const { model, checkpoint } = await openRun(run, compilerOf(options), { raw });
  const { configuration } = checkpoint;
  const source = await openSource(data ?? configuration.data, configuration, {
    testFraction: configuration.testFraction,
    onWarning: terminal.note,
    onProgress: decodingProgress(process.stderr),
  });
  try {
    const part = split === 'test' ? source.test : source.train;
    const codes = new Float32Array(part.count * model.latent);
    for (let start = 0; start < part.count; start += CHUNK) {
      const indices = Array.from({ length: Math.min(CHUNK, part.count - start) }, (_, index) => start + index);
      codes.set(await model.encode(gatherImages(part, indices, model.imageSize)), start * model.latent);
    }
    const arrays: Record<string, NumpyArray> = { codes: { shape: [part.count, model.latent], data: codes } };
    if (part.labels) arrays.labels = { shape: [part.count], data: part.labels };
    await writeFileAtomically(out, encodeNpz(arrays));
    terminal.print(`${part.count} codes of ${model.latent} coordinates: ${out}`);
    return { result: { out, count: part.count, latent: model.latent, labels: part.labels !== null } };
  } finally {
    await model.release();
    source.close?.();
  }
}
