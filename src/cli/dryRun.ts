import type { FeatureMaps } from '../age/imageDistance.js';
import { type Compile, countFlops, graphOf, input, simplify } from '../engine/index.js';
import { type Network, NETWORK_NAMES } from '../networks/network.js';
import type { PreparedRun } from '../runs/train.node.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { recipeFor } from '../training/defaults.js';
import { SETTINGS } from '../training/settings.js';
import { Trainer } from '../training/trainer.js';
import { shown } from '../validation.js';
import { flagOf, type Terminal, withFlags } from './command.js';
import { formatFlops, networkFlops } from './flops.js';
import { duration } from './progress.js';

export async function describeTraining(prepared: PreparedRun, compile: Compile, terminal: Terminal) {
  const { configuration, source, features, notes: texts, memory } = prepared;
  const { pair } = iterationSpec(configuration);
  const trainer = await Trainer.create(configuration, source.train, compile, undefined, prepared);
  const { totalSteps: steps, batchesPerEpoch, parameterCounts: parameters } = trainer;
  const seconds = await timeIteration(trainer);
  await trainer.release();

  const flops = { encoder: networkFlops(pair.encoder), generator: networkFlops(pair.generator) };
  const featureFlops = features && featureFlopsOf(configuration, features);
  const images = { train: source.train.count, test: source.test.count };
  const notes = texts.map(withFlags);
  const { batch, size, features: model = 'a classifier of the data' } = configuration;
  const epochs = (steps / batchesPerEpoch).toFixed(1).replace('.0', '');
  const lines = [
    `${steps} iterations of ${batch} images (${epochs} epochs), ${seconds.toFixed(3)} s each: about ${duration(steps * seconds)}`,
    `data: ${source.name}, ${images.train} training images, ${images.test} test images of ${size}x${size}`,
    ...(memory ? [memoryLine(memory)] : []),
    ...notes,
    `settings that differ from the defaults: ${changedSettings(configuration).join(' ') || 'none'}`,
    ...NETWORK_NAMES.flatMap((name) => [
      `${name}: ${parameters[name].toLocaleString('en')} parameters, ${formatFlops(flops[name].total)} per image`,
      ...layerLines(pair[name], flops[name].layers).map((line) => `  ${line}`),
    ]),
    ...(featureFlops === undefined ? [] : [`features of ${model}: ${formatFlops(featureFlops)} per image`]),
  ];
  lines.forEach(terminal.print);
  return {
    result: {
      ...{ configuration, parameters, flops: { ...flops, features: featureFlops }, images, steps },
      batches_per_epoch: batchesPerEpoch,
      seconds_per_iteration: seconds,
      memory: memory ? { estimated_bytes: memory.estimated, available_bytes: memory.available ?? null } : null,
      notes,
    },
  };
}

function featureFlopsOf({ batch, channels, size }: Configuration, features: FeatureMaps) {
  const maps = features(input('x', [batch, channels, size, size]));
  return countFlops(simplify(graphOf(Object.fromEntries(maps.entries())))) / batch;
}

function memoryLine({ estimated, available }: NonNullable<PreparedRun['memory']>) {
  const limit = available === undefined ? '' : ` of ${(available / 1e6).toFixed(0)} MB that are available`;
  return `peak memory: about ${(estimated / 1e6).toFixed(0)} MB${limit}`;
}

/** The notes name the defaults that depend on the data. */
const changedSettings = (configuration: Configuration) =>
  Object.entries(configuration).flatMap(([key, value]) => {
    const { default: fixed, group } = SETTINGS[key as keyof Configuration];
    const standard = recipeFor(configuration)[key] ?? fixed;
    const isUnchanged = typeof standard === 'function' || JSON.stringify(standard) === JSON.stringify(value);
    return isUnchanged || group === undefined || value === undefined ? [] : [`${flagOf(key)} ${shown(value)}`];
  });

async function timeIteration(trainer: Trainer) {
  // The first one is slower because its memory is new to the process.
  await trainer.iterate();
  const start = performance.now();
  await trainer.iterate();
  return (performance.now() - start) / 1000;
}

const layerLines = ({ name, parameters }: Network, flops: Record<string, number>) =>
  Object.entries(flops).map(([layer, operations]) => {
    const prefix = `${name}.${layer}.`;
    const tensors = [...parameters.entries].filter(([tensor]) => tensor.startsWith(prefix));
    const shapes = tensors.map(([tensor, { shape }]) => `${tensor.slice(prefix.length)} [${shape.join(', ')}]`);
    return `${layer.padEnd(12)} ${formatFlops(operations).padStart(14)}   ${shapes.join(', ')}`.trimEnd();
  });
