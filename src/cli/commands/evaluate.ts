import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { basename } from 'node:path';
import { InputError, setting, text } from '../../errors.js';
import { readFileBytes } from '../../files/regularFile.node.js';
import type { Action, OptionsOf, Subcommand, Terminal } from '../command.js';
import { addModelOptions, type OpenedModel, whileHeld, withRunData } from '../modelCommand.js';
import {
  parseList,
  parseNumber,
  guidanceOption,
  drawFromOption,
  refineNoiseOption,
  refineOption,
  RUN_DATA_HELP,
  seedOption,
  splitOption,
  threadsOf,
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

const addMetricOptions = (command: Subcommand) =>
  addModelOptions(
    command
      .argument('[run]', 'a run folder, or a checkpoint')
      .argument('[data]', RUN_DATA_HELP)
      .addOption(splitOption('test', 'images to compare with'))
      .option(
        '--count <number>',
        'number of samples, and of images if there are as many',
        wholeNumber(2, 1_000_000),
        10_000,
      )
      .addOption(seedOption())
      .addOption(guidanceOption())
      .addOption(drawFromOption())
      .addOption(refineOption())
      .addOption(refineNoiseOption())
      .option('--metrics <list>', 'comma-separated metrics or groups (default: all that the data allow)', parseList)
      .addOption(
        new Option(
          '--explain [metrics...]',
          'explain metrics or groups (default: all) without evaluating a run',
        ).argParser((text, names: string[] = []) => [...names, ...parseList(text)]),
      ),
  );

const addFeatureOptions = (command: ReturnType<typeof addMetricOptions>) =>
  command
    .optionsGroup('Features of an external ONNX model:')
    .option('--features <file>', 'an ONNX image model (default: a classifier trained once on the data)')
    .option('--features-output <name>', 'output of the model with features, [N, D] (default: the only output)')
    .option('--features-probabilities <name>', 'output of the model with class probabilities, for the Inception score')
    .option(
      '--features-size <pixels>',
      'side length of the model input (default: as declared in the file)',
      wholeNumber(1, 4096),
    )
    .option(
      '--features-channels <number>',
      'channels of the model input, 1 or 3 (default: as declared in the file)',
      wholeNumber(1, 3),
    )
    .option(
      '--features-mean <list>',
      'mean to subtract from pixels in [0, 1], one value or three (default: 0)',
      oneOrThree,
    )
    .option('--features-std <list>', 'std to divide by, one value or three (default: 1)', oneOrThree);

/** Parses `0.5` or `0.5,0.4,0.3`. */
function oneOrThree(text: string) {
  const parts = text.split(',').map(parseNumber);
  if (parts.length !== 1 && parts.length !== 3)
    throw new InvalidArgumentError('It must be one number, or three separated by commas.');
  return parts;
}

export const define = async (command: Subcommand) => {
  const { METRIC_GROUPS } = await import('../../metrics/metric.js');
  const { metricsIn } = await import('../../metrics/registry.js');
  const metricList = METRIC_GROUPS.flatMap((group) => [
    `${group}:`,
    ...metricsIn(group).map(({ name, meaning }) => `  ${name}: ${meaning}`),
  ]);
  return addFeatureOptions(addMetricOptions(command)).addHelpText('after', help(metricList.join('\n')));
};

type Options = OptionsOf<typeof define>;

export const action: Action<typeof define> = async (terminal, run, data, options) => {
  const { parseMetrics } = await import('../../metrics/registry.js');
  if (options.explain !== undefined) return explain(options.explain, run, terminal);
  if (run === undefined) {
    const remedy = text`name a run folder, or explain metrics with ${setting('explain')}`;
    throw new InputError(setting('run'), 'missing', remedy);
  }
  const asked = options.metrics && parseMetrics(options.metrics);
  requireFeatureModel(options);
  return withRunData(run, data, options, terminal, async (opened) => {
    const { grids, ...evaluation } = await measure(opened, asked, options, terminal);
    const { step, file } = opened.checkpoint;
    const result = { run, step, ...evaluation };
    await printEvaluation(result, terminal);
    const { evaluatedWeights, runFolderOf, writeEvaluation } = await import('../../runs/evaluationFile.node.js');
    const { OwnFolder } = await import('../../runs/ownFolder.node.js');
    const folder = await runFolderOf(file);
    if (folder === undefined) return { result };
    const own = await OwnFolder.at(folder);
    const weights = evaluatedWeights(opened.model, step, options.ema);
    const written = await whileHeld(folder, () => writeEvaluation(own, weights, result, grids));
    for (const grid of written.grids) terminal.print(`Wrote an image grid to ${grid}`);
    terminal.print(`Wrote the evaluation to ${written.file}`);
    return { result: { ...result, file: written.file } };
  });
};

/** @param list names, or `true` for all metrics */
async function explain(list: readonly string[] | true, run: string | undefined, terminal: Terminal) {
  const { METRIC_NAMES, parseMetrics } = await import('../../metrics/registry.js');
  const { explainMetrics, explanationLines } = await import('../metricTables.js');
  if (run !== undefined) throw new InputError(run, text`${setting('explain')} takes no run`, 'remove it');
  const metrics = explainMetrics(parseMetrics(list === true ? METRIC_NAMES : list));
  const lines = metrics.flatMap((metric, index) => [...(index > 0 ? [''] : []), ...explanationLines(metric)]);
  lines.forEach(terminal.print);
  return { result: { metrics } };
}

/** @throws {InputError} if options describe a feature model, but none is named */
function requireFeatureModel(options: Options) {
  if (options.features !== undefined) return;
  const key = Object.keys(options).find((name) => name.startsWith('features'));
  if (key)
    throw new InputError(setting(key), text`requires ${setting('features')}`, text`add ${setting('features')} FILE`);
}

type Asked = ReadonlySet<string> | undefined;

/** @param asked metrics (default: all that the data allow) */
async function measure(opened: OpenedModel, asked: Asked, options: Options, terminal: Terminal) {
  const { iterationSpec } = await import('../../training/configuration.js');
  const { evaluate } = await import('../../metrics/evaluate.js');
  const { Stopwatch } = await import('../../metrics/evaluationContext.js');
  const { METRIC_NAMES } = await import('../../metrics/registry.js');
  const { drawingFrom } = await import('../../model/refinement.js');
  const start = performance.now();
  const { checkpoint, source, compile } = opened;
  const model = drawingFrom(opened.model, options.drawFrom);
  const { split, count, seed, guidance, refine, refineNoise, ema } = options;
  const { configuration } = checkpoint;
  const stopwatch = new Stopwatch();
  const extractor = await stopwatch.time('extractor', () => extractorFor(opened, asked, options, terminal));
  try {
    const evaluation = await evaluate({
      ...{ model, source, split, count, seed, guidance, refine, refineNoise, extractor, compile },
      metrics: asked ?? new Set(METRIC_NAMES),
      divergence: iterationSpec(configuration).objective,
      onProgress: phaseProgress(terminal),
    });
    const protocol = {
      ...evaluation.protocol,
      weights: !ema || configuration.ema === 0 ? 'raw' : 'ema',
      ema_decay: configuration.ema,
      seconds: Math.round((performance.now() - start) / 100) / 10,
    };
    return { ...evaluation, protocol, timings: { ...stopwatch.seconds, ...evaluation.timings } };
  } finally {
    await extractor?.release();
  }
}

async function printEvaluation(result: Omit<Awaited<ReturnType<typeof measure>>, 'grids'>, terminal: Terminal) {
  const { cautionsFor, showEvaluation } = await import('../metricTables.js');
  showEvaluation(result, terminal.print);
  cautionsFor(result).forEach(terminal.note);
  const timings = Object.entries(result.timings).map(
    ([phase, seconds]) => `${phase.replaceAll('_', ' ')} ${seconds.toFixed(1)}`,
  );
  terminal.print(`${result.protocol.seconds.toFixed(1)} s: ${timings.join(', ')}`);
}

/**
 * Opens the requested extractor or the data's own; none if no metric needs one.
 * @throws {InputError} if a metric needs class probabilities, and the data has no classes
 */
async function extractorFor({ source, compile }: OpenedModel, asked: Asked, options: Options, terminal: Terminal) {
  const { usesFeatures, usesProbabilities } = await import('../../metrics/registry.js');
  const { whyNoClassifier } = await import('../../classifiers/dataClassifier.js');
  const { dataExtractor } = await import('../../runs/extractorCache.node.js');
  if (asked && !Array.from(asked).some(usesFeatures)) return undefined;
  if (options.features !== undefined) return openFeatures(options.features, options);
  const problem = whyNoClassifier(source);
  if (problem !== undefined) {
    const needing = asked && Array.from(asked).find(usesProbabilities);
    const remedy = text`pass a classifier with ${setting('features')} MODEL.onnx ${setting('featuresProbabilities')} NAME`;
    if (needing !== undefined) throw new InputError(needing, `${source.name} ${problem}`, remedy);
    terminal.note(
      `${source.name} ${problem}: features come from a classifier of rotations; compare FID and KID only with runs on the same data`,
    );
  }
  return dataExtractor(source, compile, { onNote: terminal.note, onStep: steppingProgress(terminal, 'extractor') });
}

async function openFeatures(file: string, options: Options) {
  const { loadOnnxModel } = await import('../../engine/runtime/onnxModel.node.js');
  const { modelExtractor } = await import('../../metrics/modelExtractor.js');
  const { sha256 } = await import('../../runs/runFolder.node.js');
  const model = await loadOnnxModel(file, threadsOf(options.threads));
  const digest = sha256(await readFileBytes(file));
  const { featuresMean: mean, featuresStd: std, featuresSize: size, featuresChannels: channels } = options;
  const prepared = [size && `size ${size}`, mean && `mean ${mean.join()}`, std && `std ${std.join()}`]
    .filter(Boolean)
    .join(', ');
  return modelExtractor(model, {
    name: `${basename(file)} (${digest.slice(0, 8)}${prepared ? `; ${prepared}` : ''})`,
    digest,
    output: options.featuresOutput,
    probabilities: options.featuresProbabilities,
    ...{ size, channels, mean, std },
  });
}
