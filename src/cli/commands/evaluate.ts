import { Option } from '@commander-js/extra-typings';
import type { FeatureExtractor } from '../../classifiers/featureExtractor.js';
import { InputError, setting, text } from '../../errors.js';
import type { GridImages } from '../../metrics/metric.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { addFeatureOptions, type FeatureOptions, openFeatures, requireFeatureModel } from '../featureOptions.js';
import type { Shown } from '../metricTables.js';
import { type ModelCommandOptions, type OpenedModel, whileHeld, withRunData } from '../modelCommand.js';
import {
  deviceOption,
  emaOption,
  parseList,
  RUN_DATA_HELP,
  seedOption,
  threadsOf,
  threadsOption,
  wholeNumber,
} from '../options.js';
import { phaseProgress, steppingProgress } from '../progress.js';

const help = (metricList: string) => `
Metrics by group; --metrics takes names of metrics and of groups.
${metricList}

Examples:
  agenet evaluate runs/mnist-1                                    every metric, with 10,000 samples and the test images
  agenet evaluate runs/mnist-1 --metrics fid,kid --count 5000
  agenet evaluate --explain fid samples                   what these metrics mean, and their good values
  agenet evaluate runs/photos-1 --features inception.onnx --features-output pool --features-size 299 \\
    --features-mean 0.5 --features-std 0.5                  features of an external ONNX model
`;

export const summary = 'compute metrics for a trained model';
export const group = 'Evaluation:';

export async function define(command: Subcommand) {
  const { METRIC_GROUPS } = await import('../../metrics/metric.js');
  const { metricsIn } = await import('../../metrics/registry.js');
  const linesOf = (group: (typeof METRIC_GROUPS)[number]) => [
    `${group}:`,
    ...metricsIn(group).map(({ name, meaning }) => `  ${name}: ${meaning}`),
  ];
  const evaluate = command
    .argument('[run]', 'a run folder, or a checkpoint')
    .argument('[data]', RUN_DATA_HELP)
    .addOption(
      new Option('--split <split>', 'images to compare with')
        .choices(['train', 'test'] as const)
        .default('test' as const),
    )
    .option(
      '--count <number>',
      'number of samples, and of images if there are as many',
      wholeNumber(2, 1_000_000),
      10_000,
    )
    .addOption(seedOption().default(0))
    .option('--metrics <list>', 'comma-separated metrics or groups (default: all that the data allow)', parseList)
    .addOption(
      new Option(
        '--explain [metrics...]',
        'explain metrics or groups (default: all) without evaluating a run',
      ).argParser(appendList),
    )
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption());
  return addFeatureOptions(evaluate)
    .addHelpText('after', help(METRIC_GROUPS.flatMap(linesOf).join('\n')))
    .action((run, data, { explain, ...options }) =>
      runAction(options, (terminal) =>
        explain === undefined ? evaluateRun(run, data, options, terminal) : explainTo(terminal, explain, run),
      ),
    );
}

const appendList = (text: string, names: string[] = []): string[] => [...names, ...parseList(text)];

/** @param list names, or `true` for all metrics */
async function explainTo(
  terminal: Terminal,
  list: readonly string[] | true,
  run: string | undefined,
): Promise<ActionResult> {
  const { METRIC_NAMES, parseMetrics } = await import('../../metrics/registry.js');
  const { explainMetrics, explanationLines } = await import('../metricTables.js');
  if (run !== undefined) throw new InputError(run, text`${setting('explain')} takes no run`, 'remove it');
  const metrics = explainMetrics(parseMetrics(list === true ? METRIC_NAMES : list));
  for (const [index, metric] of metrics.entries())
    [...(index > 0 ? [''] : []), ...explanationLines(metric)].forEach(terminal.print);
  return { result: { metrics } };
}

type Options = {
  readonly split: 'train' | 'test';
  readonly count: number;
  readonly seed: number;
  readonly metrics?: readonly string[] | undefined;
} & FeatureOptions &
  ModelCommandOptions;

async function evaluateRun(
  run: string | undefined,
  data: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<ActionResult> {
  const { parseMetrics } = await import('../../metrics/registry.js');
  if (run === undefined)
    throw new InputError(
      setting('run'),
      'missing',
      text`name a run folder, or explain metrics with ${setting('explain')}`,
    );
  const asked = options.metrics && parseMetrics(options.metrics);
  requireFeatureModel(options);
  return withRunData(run, data, options, terminal, (opened) => evaluateModel(run, opened, asked, options, terminal));
}

/** @param asked metrics (default: all that the data allow) */
async function evaluateModel(
  run: string,
  opened: OpenedModel,
  asked: ReadonlySet<string> | undefined,
  options: Options,
  terminal: Terminal,
): Promise<ActionResult> {
  const { iterationSpec } = await import('../../training/configuration.js');
  const { evaluate } = await import('../../metrics/evaluate.js');
  const { Stopwatch } = await import('../../metrics/evaluationContext.js');
  const { METRIC_NAMES } = await import('../../metrics/registry.js');
  const start = performance.now();
  const { model, checkpoint, source, compile } = opened;
  const { configuration, step } = checkpoint;
  const { split, count, seed, ema } = options;
  const stopwatch = new Stopwatch();
  const extractor = await stopwatch.time('extractor', () => extractorFor(opened, asked, options, terminal));
  try {
    const { grids, ...evaluation } = await evaluate({
      model,
      source,
      split,
      count,
      seed,
      metrics: asked ?? new Set(METRIC_NAMES),
      extractor,
      divergence: iterationSpec(configuration).objective,
      compile,
      onProgress: phaseProgress(terminal),
    });
    const protocol = {
      ...evaluation.protocol,
      weights: !ema || configuration.ema === 0 ? 'raw' : 'ema',
      ema_decay: configuration.ema,
      seconds: Math.round((performance.now() - start) / 100) / 10,
    };
    const timings = { ...stopwatch.seconds, ...evaluation.timings };
    return await report(opened, { run, step, ...evaluation, protocol, timings }, grids, ema, terminal);
  } finally {
    await extractor?.release();
  }
}

async function report(
  { model, checkpoint }: OpenedModel,
  result: Shown & {
    readonly [key: string]: unknown;
    readonly step: number;
    readonly protocol: { readonly seconds: number };
    readonly timings: Readonly<Record<string, number>>;
  },
  grids: Readonly<Record<string, GridImages>>,
  ema: boolean,
  terminal: Terminal,
): Promise<ActionResult> {
  const { cautionsFor, showEvaluation } = await import('../metricTables.js');
  const { evaluatedWeights, runFolderOf, writeEvaluation } = await import('../../runs/evaluationFile.node.js');
  showEvaluation(result, terminal.print);
  cautionsFor(result).forEach(terminal.note);
  const timings = Object.entries(result.timings).map(
    ([phase, seconds]) => `${phase.replaceAll('_', ' ')} ${seconds.toFixed(1)}`,
  );
  terminal.print(`${result.protocol.seconds.toFixed(1)} s: ${timings.join(', ')}`);
  const folder = await runFolderOf(checkpoint.file);
  if (folder === undefined) return { result };
  const weights = evaluatedWeights(model, result.step, ema);
  const { OwnFolder } = await import('../../runs/ownFolder.node.js');
  const own = await OwnFolder.at(folder);
  const written = await whileHeld(folder, () => writeEvaluation(own, weights, result, grids));
  for (const grid of written.grids) terminal.print(`Wrote an image grid to ${grid}`);
  terminal.print(`Wrote the evaluation to ${written.file}`);
  return { result: { ...result, file: written.file } };
}

/**
 * Opens the requested extractor or the data's own; none if no metric needs one.
 * @throws {InputError} if a metric needs class probabilities, and the data has no classes
 */
async function extractorFor(
  { source, compile }: OpenedModel,
  asked: ReadonlySet<string> | undefined,
  options: Options,
  terminal: Terminal,
): Promise<FeatureExtractor | undefined> {
  const { usesFeatures, usesProbabilities } = await import('../../metrics/registry.js');
  const { whyNoClassifier } = await import('../../classifiers/dataClassifier.js');
  const { dataExtractor } = await import('../../runs/extractorCache.node.js');
  if (asked && !Array.from(asked).some(usesFeatures)) return undefined;
  if (options.features !== undefined) return openFeatures(options.features, options, threadsOf(options.threads));
  const problem = whyNoClassifier(source);
  if (problem !== undefined) {
    const needing = asked && Array.from(asked).find(usesProbabilities);
    if (needing !== undefined)
      throw new InputError(
        needing,
        `${source.name} ${problem}`,
        text`pass a classifier with ${setting('features')} MODEL.onnx ${setting('featuresProbabilities')} NAME`,
      );
    terminal.note(
      `${source.name} ${problem}: features come from a classifier of rotations; compare FID and KID only with runs on the same data`,
    );
  }
  return dataExtractor(source, compile, { onNote: terminal.note, onStep: steppingProgress(terminal, 'extractor') });
}
