import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FeatureMaps } from '../../age/imageDistance.js';
import { splitInMemory } from '../../data/source.js';
import type { CollectiveCost } from '../../distributed/measuredCommunicator.js';
import type { World } from '../../distributed/openMpi.node.js';
import { randomStream } from '../../random.js';
import type { Configuration } from '../../training/configuration.js';
import type { Trainer } from '../../training/trainer.js';
import type { Action, OptionsOf, Subcommand, Terminal } from '../command.js';
import { compilerOf, deviceOption, loweringOption, threadsOf, threadsOption, wholeNumber } from '../options.js';
import { readProfile, showProfile } from '../profile.js';

export const summary = 'time training iterations on random images';
export const group = 'Data and environment:';
export const isDistributed = true;
export const details = `
FLOPs: a multiply-add counts as 2. Those of a network are for a forward pass of one image. Those of an iteration
are for all its updates: forward and backward passes, Adam and running statistics, before lowering for a device.`;

const SETTINGS =
  'network size channels width latent condition encoderUpdates generatorUpdates updateOrder prior divergence moment reduction ' +
  'matchX features featuresOutputs featuresSize featuresMean featuresStd matchZ margin codeNoise batchNormStats batch augment ' +
  'learningRate ema seed preset';

export const define = async (command: Subcommand) => {
  const { addSettings } = await import('../settingOptions.js');
  return addSettings(command, SETTINGS.split(' '))
    .addOption(threadsOption())
    .addOption(loweringOption())
    .optionsGroup('Measurement:')
    .option('--iterations <number>', 'timed iterations', wholeNumber(1, 100_000), 9)
    .option('--warmup <number>', 'untimed iterations before the timed ones', wholeNumber(0, 100_000), 6)
    .addOption(deviceOption())
    .option('--profile', 'print the time per operator and shape from the profiler of ONNX Runtime (slower)');
};

export const action: Action<typeof define> = async (terminal, options, world) => {
  const result = await measure(options, terminal, world);
  await printResult(result, terminal);
  return { result };
};

async function measure(options: OptionsOf<typeof define>, terminal: Terminal, world: World | undefined) {
  const { Trainer } = await import('../../training/trainer.js');
  const { draftFeatures } = await import('../../runs/imageFeatures.node.js');
  const { resolveConfiguration, withoutAliases } = await import('../settingOptions.js');
  const { iterations, warmup, device } = options;
  const configuration = await resolveConfiguration('mnist', {
    channels: 3,
    ...withoutAliases(options),
    steps: iterations + warmup,
  });
  const profilePrefix = options.profile && join(tmpdir(), `agenet-profile-${process.pid}`);
  const communicator = world && (await import('../../distributed/measuredCommunicator.js')).measureCommunicator(world);
  const cores = world?.cores;
  const compile = compilerOf(options, terminal, { profilePrefix, communicator, cores });
  const features = await draftFeatures(configuration);
  const trainer = await Trainer.create(configuration, randomImages(configuration), compile, undefined, { features });

  // The clock of `performance` starts with the process.
  const startup = performance.now() / 1000;
  await timed(trainer, warmup);
  communicator?.take();
  const seconds = await timed(trainer, iterations);
  const cost = communicator?.take();
  if (profilePrefix) trainer.endProfiling();
  await trainer.release();

  const flops = await countOperations(configuration, features);
  return {
    seconds_per_iteration: median(seconds),
    fastest_iteration: Math.min(...seconds),
    startup_seconds: startup,
    peak_rss_mb: process.resourceUsage().maxRSS / 1024,
    device,
    threads: threadsOf(options.threads, cores),
    iterations,
    flops,
    gflops_per_second: flops.iteration / median(seconds) / 1e9,
    configuration,
    ...(cost && { collectives: { ranks: communicator!.size, ...perIteration(cost, iterations) } }),
    ...(profilePrefix && { profile: await readProfile(profilePrefix) }),
  };
}

async function printResult(result: Awaited<ReturnType<typeof measure>>, { print }: Terminal) {
  const { formatFlops } = await import('../flops.js');
  const { flops, collectives, profile } = result;
  print(
    `${result.seconds_per_iteration.toFixed(4)} s per iteration (median of ${result.iterations}, fastest ${result.fastest_iteration.toFixed(4)} s); startup ${result.startup_seconds.toFixed(2)} s; peak memory ${result.peak_rss_mb.toFixed(0)} MB`,
  );
  print(
    `${formatFlops(flops.iteration)} per iteration, ${result.gflops_per_second.toFixed(1)} GFLOP/s; per image: encoder ${formatFlops(flops.encoder.total)}, generator ${formatFlops(flops.generator.total)}`,
  );
  if (collectives) {
    const { ranks, messages, bytes, seconds } = collectives;
    print(
      `${ranks} processes: ${messages} messages of ${(bytes / 1e6).toFixed(2)} MB together and ${seconds.toFixed(4)} s in them per iteration`,
    );
  }
  if (profile) showProfile(profile).forEach(print);
}

/** Two batches. */
function randomImages({ size, channels, batch, seed }: Configuration) {
  const imageBytes = channels * size * size;
  const stream = randomStream(seed, 'bench images');
  const bytes = Uint8Array.from({ length: 2 * batch * imageBytes }, () => stream.below(256));
  return splitInMemory(bytes, imageBytes, null);
}

/** Returns the seconds of each iteration. */
async function timed(trainer: Trainer, iterations: number) {
  const seconds: number[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const start = performance.now();
    await trainer.iterate();
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}

async function countOperations(configuration: Configuration, features: FeatureMaps | undefined) {
  const { iterationOf } = await import('../../age/iteration.js');
  const { countFlops, simplify } = await import('../../engine/index.js');
  const { iterationSpec } = await import('../../training/configuration.js');
  const { networkFlops } = await import('../flops.js');
  const spec = iterationSpec(configuration, features);
  return {
    iteration: countFlops(simplify(iterationOf(spec).graph)),
    encoder: networkFlops(spec.pair.encoder),
    generator: networkFlops(spec.pair.generator),
  };
}

const perIteration = (cost: CollectiveCost, iterations: number) =>
  Object.fromEntries(Object.entries(cost).map(([name, total]) => [name, total / iterations])) as CollectiveCost;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
