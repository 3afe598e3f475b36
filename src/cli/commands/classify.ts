import { InputError } from '../../errors.js';
import type { Predictions } from '../../classifiers/fittedProbe.js';
import type { SavedProbe } from '../../classifiers/fittedProbe.js';
import type { Configuration } from '../../training/configuration.js';
import { runFolderPath } from '../attributeOptions.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { compilerOf, type CompilerOptions, deviceOption, threadsOption } from '../options.js';

/** Images in memory at a time. */
const CHUNK = 500;

const EXAMPLES = `
Examples:
  agenet probe runs/mnist-1 --labels 1000 --save digits        first: a classifier from 1,000 labels
  agenet classify runs/mnist-1 seven.png scans                 then: a file, and all images of a folder
  agenet classify runs/mnist-1 scans --probe digits --json
`;

export const summary = 'classify images with a saved probe of the run';
export const group = 'Evaluation:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'a run folder, or a checkpoint in one')
    .argument('<images...>', 'image files, or folders of images')
    .option('--probe <name>', 'a probe created by agenet probe --save (default: the only one)')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, images, options) => runAction(options, (terminal) => classify(run, images, options, terminal)));

type Options = { readonly probe?: string | undefined } & CompilerOptions;

async function classify(run: string, named: readonly string[], options: Options, terminal: Terminal): Promise<ActionResult> {
  const { imageFilesOf } = await import('../imageFiles.js');
  const { openRun } = await import('../../runs/runFolder.node.js');
  const { imageClassifier } = await import('../../classifiers/fittedProbe.js');
  const { countingProgress } = await import('../countingProgress.js');
  const { modelWeights } = await import('../../training/trainer.js');
  const { PROBES, RunAssets, weightsDigest } = await import('../../runs/runAssets.node.js');
  const saved = await new RunAssets(runFolderPath(run), PROBES).read(options.probe);
  const { name, probe, origin } = saved;
  const compile = compilerOf(options, terminal);
  const { model, checkpoint } = await openRun(run, compile, { ema: origin.ema });
  const weights = modelWeights(checkpoint.vectors, { ema: origin.ema });
  if (weightsDigest(weights) !== origin.weights) {
    throw new InputError(
      `probe ${name}: fitted on the weights of iteration ${origin.step}, but ${run} has those of iteration ${checkpoint.step}; fit it again with agenet probe --save, or name its checkpoint`,
    );
  }
  const classifier = await imageClassifier(probe, model, weights, compile);
  try {
    const images: ClassifiedImage[] = [];
    const skipped: { file: string; reason: string }[] = [];
    const files = await imageFilesOf(named);
    const onProgress = countingProgress(terminal, 'classifying images');
    for await (const chunk of chunksOf(files, checkpoint.configuration, skipped)) {
      const predictions = await classifier.classify(Uint8Array.from(Buffer.concat(chunk.map(({ pixels }) => pixels))));
      images.push(...chunk.map(({ file }, index) => describe(file, predictions, index, saved)));
      onProgress(images.length + skipped.length, files.length);
    }
    const [first] = skipped;
    if (images.length === 0 && first !== undefined) {
      const others = skipped.length > 1 ? `, like ${skipped.length - 1} others` : '';
      throw new InputError(`${first.file}: cannot read the image (${first.reason})${others}`);
    }
    for (const { file, reason } of skipped) terminal.note(`${file}: skipped, cannot read the image (${reason})`);
    for (const { file, class: name, probability } of images) terminal.print(`${file}  ${name}  ${probability.toFixed(3)}`);
    return { result: { run, probe: name, method: probe.method, labels: origin.labels, test_accuracy: origin.test_accuracy, images, skipped } };
  } finally {
    await classifier.release();
    await model.release();
  }
}

interface ClassifiedImage {
  readonly file: string;
  readonly label: number;
  readonly class: string;
  readonly probability: number;
}

function describe(file: string, { classes, probabilities }: Predictions, index: number, { probe, origin }: SavedProbe): ClassifiedImage {
  const label = classes[index]!;
  return { file, label, class: origin.class_names[label]!, probability: probabilities[index * probe.classes + label]! };
}

/** The images of files in chunks; files that cannot be decoded are added to `skipped`. */
async function* chunksOf(files: readonly string[], configuration: Configuration, skipped: { file: string; reason: string }[]) {
  const { decodeEach } = await import('../imageFiles.js');
  for (let start = 0; start < files.length; start += CHUNK) {
    const onFailure = (file: string, reason: string) => void skipped.push({ file, reason });
    const chunk: { file: string; pixels: Uint8Array }[] = [];
    for await (const image of decodeEach(files.slice(start, start + CHUNK), configuration, onFailure)) chunk.push(image);
    if (chunk.length > 0) yield chunk;
  }
}
