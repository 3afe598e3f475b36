import { InputError } from '../../errors.js';
import type { ClassifiedImage } from '../../runs/model.node.js';
import type { Configuration } from '../../training/configuration.js';
import type { Action, Subcommand, Terminal } from '../command.js';
import { openRunData, withModel } from '../modelCommand.js';
import { deviceOption, threadsOption } from '../options.js';
import { countingProgress } from '../progress.js';

/** Images in memory at a time. */
const CHUNK = 500;

export const summary = 'classify images with a saved probe of the run';
export const group = 'Evaluation:';
export const details = `
Examples:
  agenet probe runs/mnist-1 --labels 1000 --save digits        first: a classifier from 1,000 labels
  agenet classify runs/mnist-1 seven.png scans                 then: a file, and all images of a folder
  agenet classify runs/mnist-1 scans --probe digits --json
`;

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'a run folder, or a checkpoint in one')
    .argument('<images...>', 'image files, or folders of images')
    .option('--probe <name>', 'a probe created by agenet probe --save (default: the only one)')
    .addOption(deviceOption())
    .addOption(threadsOption());

export const action: Action<typeof define> = async (terminal, run, named, options) => {
  const { decodeEach, imageFilesOf } = await import('../imageFiles.js');
  return withModel(run, options, terminal, async (model) => {
    await requireProbe(run, model.configuration, terminal);
    const { name, probe, origin } = await model.readProbe(options.probe);
    const images: (ClassifiedImage & { file: string })[] = [];
    const skipped: { file: string; reason: string }[] = [];
    const onFailure = (file: string, reason: string) => void skipped.push({ file, reason });
    const all = await imageFilesOf(named);
    const onProgress = countingProgress(terminal, 'classifying images');
    for (let start = 0; start < all.length; start += CHUNK) {
      const chunk: { file: string; pixels: Uint8Array }[] = [];
      for await (const image of decodeEach(all.slice(start, start + CHUNK), model.configuration, onFailure))
        chunk.push(image);
      if (chunk.length === 0) continue;
      const data = Uint8Array.from(Buffer.concat(chunk.map(({ pixels }) => pixels)));
      const batch = { shape: model.imageShape, count: chunk.length, data };
      const classified = await model.classify(batch, { probe: options.probe });
      images.push(...classified.map((each, index) => ({ file: chunk[index]!.file, ...each })));
      onProgress(images.length + skipped.length, all.length);
    }
    const [first] = skipped;
    if (images.length === 0 && first !== undefined) {
      const others = skipped.length > 1 ? `, like ${skipped.length - 1} others` : '';
      throw new InputError(first.file, `cannot read the image (${first.reason})${others}`);
    }
    for (const { file, reason } of skipped) terminal.note(`${file}: skipped, cannot read the image (${reason})`);
    for (const { file, class: name, probability } of images)
      terminal.print(`${file}  ${name}  ${probability.toFixed(3)}`);
    const { labels, test_accuracy } = origin;
    return { result: { run, probe: name, method: probe.method, labels, test_accuracy, images, skipped } };
  });
};

/** @throws {InputError} with the command that creates a probe if the run has none */
async function requireProbe(run: string, configuration: Configuration, terminal: Terminal) {
  const { PROBES, RunAssets, runFolderPath } = await import('../../runs/runAssets.node.js');
  const { whyNoClassifier } = await import('../../classifiers/dataClassifier.js');
  const folder = runFolderPath(run);
  if ((await new RunAssets(folder, PROBES).names()).length > 0) return;
  const source = await openRunData(undefined, configuration, terminal).catch(() => undefined);
  const isLabeled = source === undefined || whyNoClassifier(source) === undefined;
  source?.close?.();
  throw new InputError(
    run,
    isLabeled ? 'no probe in this run' : 'no probe in this run, and its data has no labels to create one with',
    `create one with: agenet probe ${folder} ${isLabeled ? '--labels 1000' : 'LABELED_DATA --labels all'} --save NAME`,
  );
}
