import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { FittedProbe, ProbeMethod, ProbeOrigin } from '../../classifiers/fittedProbe.js';
import type { ProbeResult } from '../../classifiers/probe.js';
import { InputError, nearestName, setting, text } from '../../errors.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import {
  addModelOptions,
  type ModelCommandOptions,
  type OpenedModel,
  whileHeld,
  withRunData,
} from '../modelCommand.js';
import { RUN_DATA_HELP, seedOption, wholeNumber } from '../options.js';

const EXAMPLES = `
Methods: codes (logistic regression on codes), features (on codes and the encoder's inner activations), knn (nearest codes), finetune (the
encoder fine-tuned with a linear head); baselines: pixels (regression on pixels), supervised (the same network from scratch).

--save stores the classifier of the first trial in the run, for agenet classify.

Examples:
  agenet probe runs/mnist-1 --labels 100,1000
  agenet probe runs/mnist-1 --labels 10,100,all --methods codes,finetune --trials 3
  agenet probe runs/mnist-1 --labels 1000 --save digits
  agenet probe runs/photos labelled-photos --labels all --methods finetune --save kinds
`;

export const summary = 'measure classification accuracy with few labels';
export const group = 'Evaluation:';

export async function define(command: Subcommand) {
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
      .addOption(seedOption().default(0)),
  )
    .addHelpText('after', EXAMPLES)
    .action((run, data, options) => runAction(options, (terminal) => probeRun(run, data, options, terminal)));
}

function labelCounts(text: string): (number | 'all')[] {
  return text.split(',').map((part) => {
    const count = Number(part);
    if (part === 'all') return part;
    if (part.trim() === '' || !Number.isInteger(count) || count < 1)
      throw new InvalidArgumentError(`"${part}" is neither a number of labels nor all.`);
    return count;
  });
}

function parseMethods(text: string, known: readonly ProbeMethod[]): ProbeMethod[] {
  return text.split(',').map((part) => {
    const found = known.find((method) => method === part);
    if (found !== undefined) return found;
    const nearest = nearestName(part, known);
    throw new InvalidArgumentError(
      `Unknown method "${part}"${nearest ? `, did you mean ${nearest}?` : ''}; choose from ${known.join(', ')}.`,
    );
  });
}

type Options = {
  readonly labels: readonly (number | 'all')[];
  readonly trials: number;
  readonly methods?: readonly ProbeMethod[] | undefined;
  readonly save?: string | undefined;
  readonly seed: number;
} & ModelCommandOptions;

async function probeRun(
  run: string,
  data: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<ActionResult> {
  const { PROBE_METHODS } = await import('../../classifiers/fittedProbe.js');
  const { PROBES, requireAssetName, RunAssets, runFolderPath } = await import('../../runs/runAssets.node.js');
  const { labels, save, methods = save === undefined ? PROBE_METHODS : (['codes'] as const) } = options;
  if (save !== undefined) {
    requireAssetName(save, PROBES);
    checkSaving(save, labels, methods);
  }
  const folder = save === undefined ? undefined : runFolderPath(run);
  return withRunData(run, data, options, terminal, async (opened) => {
    const { first, ...result } = await measure(opened, { ...options, methods }, terminal);
    if (folder === undefined || save === undefined || first === undefined) return { result: { run, ...result } };
    const probes = new RunAssets(folder, PROBES);
    const saved = { name: save, ...first };
    const out = await whileHeld(folder, () => probes.write(saved));
    const { test_accuracy: accuracy, test_images: images } = first.origin;
    terminal.print(`Wrote probe ${save} (first trial, ${percent(accuracy)} of ${images} test images) to ${out}`);
    return { result: { run, ...result, saved: { name: save, out, ...first.origin } } };
  });
}

/** Measures accuracies, and returns them with the first classifier. */
async function measure(
  { model, checkpoint, source, compile }: OpenedModel,
  { labels, trials, methods, save, seed, ...options }: Options & { readonly methods: readonly ProbeMethod[] },
  terminal: Terminal,
) {
  const { openCodeCache } = await import('../runData.js');
  const { phaseProgress } = await import('../progress.js');
  const { probe } = await import('../../classifiers/probe.js');
  const { TEST_IMAGES } = await import('../../classifiers/probeRunner.js');
  const { weightsDigest } = await import('../../runs/runAssets.node.js');
  const start = performance.now();
  const { step } = checkpoint;
  const codes = openCodeCache(model, options, terminal);
  const testImages = Math.min(TEST_IMAGES, source.test.count);
  let first: { readonly probe: FittedProbe; readonly origin: ProbeOrigin } | undefined;
  const results = await probe({
    model,
    weights: model.weights,
    source,
    labels,
    trials,
    methods,
    seed,
    compile,
    // A saved classifier is asked for probabilities.
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
          class_names: Array.from(
            { length: source.classes ?? 0 },
            (_, label) => source.classNames?.[label] ?? String(label),
          ),
          step,
          ema: options.ema,
          weights: weightsDigest(model.weights),
        },
      };
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const protocol = { data: source.name, trials, seed, classes: source.classes, test_images: testImages, seconds };
  return { step, results, protocol, first };
}

/** @throws {InputError} if there would be several classifiers to save, or the name could not be a file name */
function checkSaving(name: string, labels: Options['labels'], methods: readonly ProbeMethod[]): void {
  for (const [key, noun, { length }] of [
    ['labels', 'numbers', labels],
    ['methods', 'methods', methods],
  ] as const) {
    if (length !== 1)
      throw new InputError(
        text`${setting('save')} ${name}`,
        text`saves one classifier, but ${setting(key)} names ${length} ${noun}`,
        'name one',
      );
  }
}

/** `codes   100 labels: 92.10% ± 0.61, calibration error 0.019`. */
function resultLine({
  labels,
  method,
  accuracy,
  std,
  expected_calibration_error: error,
  calibrated,
}: ProbeResult): string {
  const scores = `${percent(accuracy)} ± ${(100 * std).toFixed(2)}, calibration error ${error.toFixed(3)}`;
  return `${method.padEnd(12)} ${String(labels).padStart(7)} labels: ${scores}${calibrated ? '' : ' (not calibrated)'}`;
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)}%`;
