import { InvalidArgumentError } from '@commander-js/extra-typings';
import { classNamesIn } from '../../data/source.js';
import type { FittedProbe, ProbeMethod, ProbeOrigin } from '../../classifiers/fittedProbe.js';
import type { ProbeResult } from '../../classifiers/probe.js';
import { InputError, didYouMean, setting, text } from '../../errors.js';
import type { Action, OptionsOf, Subcommand, Terminal } from '../command.js';
import { addModelOptions, type OpenedModel, whileHeld, withRunData } from '../modelCommand.js';
import { RUN_DATA_HELP, seedOption, wholeNumber } from '../options.js';
import { phaseProgress } from '../progress.js';

export const summary = 'measure classification accuracy with few labels';
export const group = 'Evaluation:';
export const details = `
Methods: codes (logistic regression on codes), features (on codes and the encoder's inner activations), knn (nearest codes), finetune (the
encoder fine-tuned with a linear head); baselines: pixels (regression on pixels), supervised (the same network from scratch).

--save stores the classifier of the first trial in the run, for agenet classify.

Examples:
  agenet probe runs/mnist-1 --labels 100,1000
  agenet probe runs/mnist-1 --labels 10,100,all --methods codes,finetune --trials 3
  agenet probe runs/mnist-1 --labels 1000 --save digits
  agenet probe runs/photos labelled-photos --labels all --methods finetune --save kinds
`;

export const define = async (command: Subcommand) => {
  const { PROBE_METHODS } = await import('../../classifiers/fittedProbe.js');
  return addModelOptions(
    command
      .argument('<run>', 'a run folder, or a checkpoint')
      .argument('[data]', RUN_DATA_HELP)
      .requiredOption(
        '--labels <list>',
        'comma-separated numbers of labels, evenly over the classes, or all',
        labelCounts,
      )
      .option('--trials <number>', 'number of random label subsets to average over', wholeNumber(1, 1000), 5)
      .option(
        '--methods <list>',
        `comma-separated, of ${PROBE_METHODS.join(', ')} (default: all; codes with --save)`,
        (text) => parseMethods(text, PROBE_METHODS),
      )
      .option(
        '--save <name>',
        'save the classifier of the first trial under this name; requires one number of labels and one method',
      )
      .addOption(seedOption()),
  );
};

type Options = OptionsOf<typeof define>;

function labelCounts(text: string) {
  return text.split(',').map((part) => {
    const count = Number(part);
    if (part === 'all') return part;
    if (part.trim() === '' || !Number.isInteger(count) || count < 1)
      throw new InvalidArgumentError(`"${part}" is neither a number of labels nor all.`);
    return count;
  });
}

function parseMethods(text: string, known: readonly ProbeMethod[]) {
  return text.split(',').map((part) => {
    const found = known.find((method) => method === part);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(
      `Unknown method "${part}"${didYouMean(part, known)}; choose from ${known.join(', ')}.`,
    );
  });
}

export const action: Action<typeof define> = async (terminal, run, data, options) => {
  const { PROBE_METHODS } = await import('../../classifiers/fittedProbe.js');
  const { PROBES, requireAssetName, RunAssets, runFolderPath } = await import('../../runs/runAssets.node.js');
  const { labels, save, methods = save === undefined ? PROBE_METHODS : (['codes'] as const) } = options;
  if (save !== undefined) {
    requireAssetName(save, PROBES);
    requireOne(save, 'labels', 'numbers', labels);
    requireOne(save, 'methods', 'methods', methods);
  }
  const folder = save === undefined ? undefined : runFolderPath(run);
  return withRunData(run, data, options, terminal, async (opened) => {
    const { first, ...result } = await measure(opened, methods, options, terminal);
    if (folder === undefined || save === undefined || first === undefined) return { result: { run, ...result } };
    const probes = new RunAssets(folder, PROBES);
    const out = await whileHeld(folder, () => probes.write({ name: save, ...first }));
    const { test_accuracy: accuracy, test_images: images } = first.origin;
    terminal.print(`Wrote probe ${save} (first trial, ${percent(accuracy)} of ${images} test images) to ${out}`);
    return { result: { run, ...result, saved: { name: save, out, ...first.origin } } };
  });
};

/** @throws {InputError} if a list would result in several classifiers to save */
function requireOne(name: string, key: string, noun: string, { length }: readonly unknown[]) {
  if (length !== 1)
    throw new InputError(
      text`${setting('save')} ${name}`,
      text`saves one classifier, but ${setting(key)} names ${length} ${noun}`,
      'name one',
    );
}

/** Returns accuracies and the first classifier. */
async function measure(
  { model, checkpoint: { step }, source, compile, openCodes }: OpenedModel,
  methods: readonly ProbeMethod[],
  options: Options,
  terminal: Terminal,
) {
  const { probe } = await import('../../classifiers/probe.js');
  const { TEST_IMAGES } = await import('../../classifiers/probeRunner.js');
  const { weightsDigest } = await import('../../runs/runAssets.node.js');
  const start = performance.now();
  const { labels, trials, save, seed, ema } = options;
  const { weights } = model;
  const codes = openCodes();
  const testImages = Math.min(TEST_IMAGES, source.test.count);
  const classNames = classNamesIn(source);
  let first: { probe: FittedProbe; origin: ProbeOrigin } | undefined;
  const results = await probe({
    ...{ model, weights, source, labels, trials, methods, seed, compile },
    // A saved classifier also returns probabilities.
    ...(save !== undefined && { calibrate: methods }),
    codesOf: (split, indices) => codes.codes(split, indices),
    onProgress: phaseProgress(terminal),
    onResult: (result) => terminal.print(resultLine(result)),
    onFit: (fit) => {
      first ??= {
        probe: fit.probe,
        origin: {
          data: source.name,
          labels: fit.labels,
          seed,
          test_accuracy: fit.accuracy,
          expected_calibration_error: fit.calibrationError,
          test_images: testImages,
          class_names: classNames,
          step,
          ema,
          weights: weightsDigest(weights),
        },
      };
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const protocol = { data: source.name, trials, seed, classes: source.classes, test_images: testImages, seconds };
  return { step, results, protocol, first };
}

/** `codes   100 labels: 92.10% ± 0.61, calibration error 0.019`. */
function resultLine({ labels, method, accuracy, std, expected_calibration_error: error, calibrated }: ProbeResult) {
  const scores = `${percent(accuracy)} ± ${(100 * std).toFixed(2)}, calibration error ${error.toFixed(3)}`;
  return `${method.padEnd(12)} ${String(labels).padStart(7)} labels: ${scores}${calibrated ? '' : ' (not calibrated)'}`;
}

const percent = (fraction: number) => `${(100 * fraction).toFixed(2)}%`;
