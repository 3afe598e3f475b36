import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitInMemory } from '../../data/source.js';
import { randomStream } from '../../random.js';
import type { CollectiveCost } from '../../distributed/measuredCommunicator.js';
import type { World } from '../../distributed/openMpi.node.js';
import { type ActionResult, type Terminal, type Subcommand } from '../command.js';
import { readProfile, showProfile } from '../profile.js';
import {
  compilerOf,
  deviceOption,
  type CompilerOptions,
  loweringOption,
  threadsOf,
  threadsOption,
  wholeNumber,
} from '../options.js';
import { runTogether } from '../ranks.js';

export const summary = 'time training iterations on random images';
export const group = 'Data and environment:';

/** The settings that an iteration depends on. */
const SETTINGS = [
  ...['network', 'size', 'channels', 'width', 'latent', 'encoderUpdates', 'generatorUpdates', 'prior', 'divergence'],
  ...['moment', 'reduction', 'matchX', 'matchZ', 'batchNormStats', 'batch', 'augment', 'learningRate', 'ema', 'seed'],
];

export const define = async (command: Subcommand) => {
  const { addSettings, withoutAliases } = await import('../settingOptions.js');
  return addSettings(command, [...SETTINGS, 'preset'])
    .addOption(threadsOption())
    .addOption(loweringOption())
    .optionsGroup('Measurement:')
    .option('--iterations <number>', 'timed iterations', wholeNumber(1, 100_000), 9)
    .option('--warmup <number>', 'untimed iterations before the timed ones', wholeNumber(0, 100_000), 6)
    .addOption(deviceOption())
    .option('--profile', 'print the time per operator and shape from the profiler of ONNX Runtime (slower)')
    .addHelpText('after', FLOPS_HELP)
    .action((options, command) =>
      runTogether(command, (terminal, world) => bench(withoutAliases(options), terminal, world)),
    );
};

const FLOPS_HELP = `
FLOPs: a multiply-add counts as 2. Those of a network are for a forward pass of one image. Those of an iteration
are for all its updates: forward and backward passes, Adam and running statistics, before lowering for a device.`;

type Options = Readonly<Record<string, unknown>> & {
  readonly iterations: number;
  readonly warmup: number;
  readonly profile?: true | undefined;
} & CompilerOptions;

async function bench(options: Options, terminal: Terminal, world: World | undefined): Promise<ActionResult> {
  const { Trainer } = await import('../../training/trainer.js');
  const { resolveConfiguration } = await import('../settingOptions.js');
  const configuration = await resolveConfiguration('mnist', {
    channels: 3,
    ...options,
    steps: options.iterations + options.warmup,
  });
  const { size, channels, batch } = configuration;
  const imageBytes = channels * size * size;
  const stream = randomStream(configuration.seed, 'bench images');
  const images = splitInMemory(
    Uint8Array.from({ length: 2 * batch * imageBytes }, () => stream.below(256)),
    imageBytes,
    null,
  );
  const profilePrefix = options.profile && join(tmpdir(), `agenet-profile-${process.pid}`);
  const communicator =
    world && new (await import('../../distributed/measuredCommunicator.js')).MeasuredCommunicator(world);
  const cores = world?.cores;
  const trainer = await Trainer.create(
    configuration,
    images,
    compilerOf(options, terminal, { profilePrefix, communicator, cores }),
  );

  // The clock of `performance` starts with the process, so this includes everything before the first iteration.
  const startup = performance.now() / 1000;
  for (let iteration = 0; iteration < options.warmup; iteration++) await trainer.iterate();
  communicator?.take();
  const seconds: number[] = [];
  for (let iteration = 0; iteration < options.iterations; iteration++) {
    const start = performance.now();
    await trainer.iterate();
    seconds.push((performance.now() - start) / 1000);
  }
  const cost = communicator?.take();
  if (profilePrefix) trainer.endProfiling();
  await trainer.release();
  const profile = profilePrefix ? await readProfile(profilePrefix) : undefined;

  const { iterationOf } = await import('../../age/iteration.js');
  const { countFlops, simplify } = await import('../../engine/index.js');
  const { iterationSpec } = await import('../../training/configuration.js');
  const { formatFlops, networkFlops } = await import('../dryRun.js');
  const spec = iterationSpec(configuration);
  const flops = {
    iteration: countFlops(simplify(iterationOf(spec).graph)),
    encoder: networkFlops(spec.pair.encoder),
    generator: networkFlops(spec.pair.generator),
  };
  const result = {
    seconds_per_iteration: median(seconds),
    fastest_iteration: Math.min(...seconds),
    startup_seconds: startup,
    peak_rss_mb: process.resourceUsage().maxRSS / 1024,
    device: options.device,
    threads: threadsOf(options.threads, cores),
    iterations: options.iterations,
    flops,
    gflops_per_second: flops.iteration / median(seconds) / 1e9,
    configuration,
    ...(cost ? { collectives: { ranks: communicator!.size, ...perIteration(cost, options.iterations) } } : {}),
    ...(profile ? { profile } : {}),
  };
  const { seconds_per_iteration, fastest_iteration, peak_rss_mb, gflops_per_second } = result;
  const times = `median of ${options.iterations}, fastest ${fastest_iteration.toFixed(4)} s`;
  terminal.print(
    `${seconds_per_iteration.toFixed(4)} s per iteration (${times}); startup ${startup.toFixed(2)} s; peak memory ${peak_rss_mb.toFixed(0)} MB`,
  );
  terminal.print(
    `${formatFlops(flops.iteration)} per iteration, ${gflops_per_second.toFixed(1)} GFLOP/s; per image: encoder ${formatFlops(flops.encoder.total)}, generator ${formatFlops(flops.generator.total)}`,
  );
  if (result.collectives) {
    const { ranks, messages, bytes, seconds: waited } = result.collectives;
    terminal.print(
      `${ranks} processes: ${messages} messages of ${(bytes / 1e6).toFixed(2)} MB together and ${waited.toFixed(4)} s in them per iteration`,
    );
  }
  if (profile) showProfile(profile, PROFILE_ROWS).forEach((line) => terminal.print(line));
  return { result };
}

const PROFILE_ROWS = 40;

const perIteration = ({ messages, bytes, gathered, seconds }: CollectiveCost, iterations: number): CollectiveCost => ({
  messages: messages / iterations,
  bytes: bytes / iterations,
  gathered: gathered / iterations,
  seconds: seconds / iterations,
});

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
