import { Option } from '@commander-js/extra-typings';
import type { TrainedModel } from '../../model/trainedModel.js';
import type { ImageSource } from '../../data/source.js';
import type { FeatureExtractor } from '../../classifiers/featureExtractor.js';

import type { Compile } from '../../engine/index.js';
import { InputError } from '../../errors.js';
import { Stopwatch } from '../../metrics/stopwatch.js';
import type { StoredCheckpoint } from '../../runs/runFolder.node.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import {
  featuresChannelsOption,
  featuresStdOption,
  featuresMeanOption,
  type FeatureOptions,
  featuresOption,
  featuresOutputOption,
  featuresProbabilitiesOption,
  featuresSizeOption,
  openFeatures,
  requireFeatureModel,
} from '../featureOptions.js';
import {
  compilerOf,
  type CompilerOptions,
  deviceOption,
  emaOption,
  parseList,
  RUN_DATA_HELP,
  seedOption,
  threadsOf,
  threadsOption,
  wholeNumber,
} from '../options.js';
import { steppingProgress } from '../progress.js';

const examples = (groups: readonly string[]) => `
Metrics are selected by name (fid, psnr) or by group: ${groups.join(', ')}.

Examples:
  agenet evaluate runs/mnist-1                                    everything, with 10,000 samples and the test images
  agenet evaluate runs/mnist-1 --metrics fid,kid --count 5000
  agenet evaluate runs/photos-1 --features inception.onnx --features-output pool --features-size 299 \\
    --features-mean 0.5 --features-std 0.5                  features of an image model of your own
`;

export const summary = 'compute metrics for a trained model';
export const group = 'Evaluation:';

export async function define(command: Subcommand) {
  const { METRIC_GROUP_NAMES } = await import('../../metrics/metricNames.js');
  return command
    .argument('<run>', 'a run folder, or a checkpoint')
    .argument('[data]', RUN_DATA_HELP)
    .addOption(new Option('--split <part>', 'which images to compare with').choices(['train', 'test'] as const).default('test' as const))
    .option('--count <number>', 'how many samples, and images where there are as many', wholeNumber(2, 1_000_000), 10_000)
    .addOption(seedOption().default(0))
    .option('--metrics <list>', 'names of metrics or groups, with commas (default: all that the data allow)', parseList)
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .optionsGroup('Features of an image model of your own:')
    .addOption(featuresOption())
    .addOption(featuresOutputOption())
    .addOption(featuresProbabilitiesOption())
    .addOption(featuresSizeOption())
    .addOption(featuresChannelsOption())
    .addOption(featuresMeanOption())
    .addOption(featuresStdOption())
    .addHelpText('after', examples(METRIC_GROUP_NAMES))
    .action((run, data, options) => runAction(options, (terminal) => evaluateRun(run, data, options, terminal)));
}

type Options = {
  readonly split: 'train' | 'test';
  readonly count: number;
  readonly seed: number;
  readonly metrics?: readonly string[] | undefined;
  readonly ema: boolean;
} & FeatureOptions &
  CompilerOptions;

async function evaluateRun(run: string, data: string | undefined, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { openRun } = await import('../openRun.js');
  const { openRunData } = await import('../runData.js');
  const { parseMetrics } = await import('../../metrics/metricNames.js');
  const asked = options.metrics === undefined ? undefined : parseMetrics(options.metrics);
  requireFeatureModel(options);
  const compile = compilerOf(options, terminal);
  const { model, checkpoint } = await openRun(run, compile, options);
  const { configuration } = checkpoint;
  const source = await openRunData(data, configuration, terminal);
  try {
    return await judge({ run, model, checkpoint, source, asked, compile }, options, terminal);
  } finally {
    await model.release();
    source.close?.();
  }
}

/** What is judged, and by which metrics: undefined for all that can be had. */
interface Subject {
  readonly run: string;
  readonly model: TrainedModel;
  readonly checkpoint: StoredCheckpoint;
  readonly source: ImageSource;
  readonly asked: ReadonlySet<string> | undefined;
  readonly compile: Compile;
}

async function judge({ run, model, checkpoint, source, asked, compile }: Subject, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { iterationSpec } = await import('../../training/configuration.js');
  const { evaluate } = await import('../../metrics/evaluate.js');
  const { FEATURE_GROUPS, METRIC_GROUP_NAMES, parseMetrics } = await import('../../metrics/metricNames.js');
  const { runFolderOf, writeEvaluation } = await import('../../runs/evaluationFile.node.js');
  const { showEvaluation } = await import('../evaluationTable.js');
  const start = performance.now();
  const { divergence, moment, reduction } = iterationSpec(checkpoint.configuration).objective;
  const { split, count, seed, ema } = options;
  const phases = new Stopwatch();
  const extractor = await phases.time('extractor', () => extractorFor(source, asked, compile, options, terminal));
  const metrics = asked ?? parseMetrics(METRIC_GROUP_NAMES.filter((group) => extractor !== undefined || !FEATURE_GROUPS.includes(group)));
  try {
    const { nearest, ...evaluation } = await evaluate({
      model,
      source,
      split,
      count,
      seed,
      metrics,
      extractor,
      divergence: { divergence, moment, reduction },
      compile,
    });
    const { step } = checkpoint;
    const result = {
      run,
      step,
      ...evaluation,
      protocol: {
        ...evaluation.protocol,
        weights: !ema || checkpoint.configuration.ema === 0 ? 'raw' : 'averaged',
        seconds: Math.round((performance.now() - start) / 100) / 10,
      },
      phases: { ...phases.seconds, ...evaluation.phases },
    };
    showEvaluation(result, (line) => terminal.print(line));
    const shares = Object.entries(result.phases).map(([phase, seconds]) => `${phase} ${seconds.toFixed(1)}`);
    terminal.print(`${result.protocol.seconds.toFixed(1)} s: ${shares.join(', ')}`);
    const folder = await runFolderOf(checkpoint.file);
    if (folder === undefined) return { result };
    const { file, picture } = await writeEvaluation(folder, { step, raw: !ema }, result, nearest);
    if (picture !== undefined) terminal.print(`samples, each with the training images nearest to it: ${picture}`);
    terminal.print(file);
    return { result: { ...result, file } };
  } finally {
    await extractor?.release();
  }
}

const REMEDY = 'give an image model with --features MODEL.onnx';

/** The extractor that is asked for, or the data's own; none where no metric needs one, or unlabelled data have none and none is insisted on. */
async function extractorFor(
  source: ImageSource,
  asked: ReadonlySet<string> | undefined,
  compile: Compile,
  options: Options,
  terminal: Terminal,
): Promise<FeatureExtractor | undefined> {
  const { FEATURE_GROUPS, groupOf } = await import('../../metrics/metricNames.js');
  const { whyNoClassifier } = await import('../../classifiers/dataClassifier.js');
  const { dataExtractor } = await import('../../runs/extractorCache.node.js');
  const needing = asked && Array.from(asked).find((metric) => FEATURE_GROUPS.includes(groupOf(metric)));
  if (asked && needing === undefined) return undefined;
  if (options.features !== undefined) return openFeatures(options.features, options, threadsOf(options.threads));
  const problem = whyNoClassifier(source);
  if (problem === undefined) return dataExtractor(source, compile, { onNote: terminal.note, onStep: steppingProgress(terminal, 'extractor') });
  if (needing !== undefined) throw new InputError(`${needing}: ${problem}; ${REMEDY}`);
  terminal.note(`samples are not compared with images: ${problem}; ${REMEDY}`);
  return undefined;
}
