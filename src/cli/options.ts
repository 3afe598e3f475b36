import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { availableParallelism } from 'node:os';
import type { CompileOptions, Device } from '../engine/runtime/native.node.js';
import type { DeviceCompiler } from '../engine/runtime/deviceChoice.node.js';
import type { Compile } from '../engine/runtime/program.js';
import { LARGEST_SEED } from '../random.js';
import type { Settings } from '../runs/settings.node.js';
import type { Configuration } from '../training/configuration.js';
import { BATCH_NORM_STATS, DEFAULTS } from '../training/defaults.js';
import type { Subcommand, Terminal } from './command.js';

/** The engine's list would load ONNX Runtime for help. */
const DEVICES = Object.keys({ cpu: true, webgpu: true, cuda: true } satisfies Record<Device, true>) as Device[];

/** Parses a number in any JavaScript notation. Ranges are checked with the configuration. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
}

/** Parses a comma-separated list of names. */
export const parseList = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** Parses `--augment`: names, or `none`. */
const parseAugmentations = (text: string): string[] => (text === 'none' ? [] : parseList(text));

/** Returns a parser of whole numbers from `min` to `max`. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = parseNumber(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };

export const seedOption = () => new Option('--seed <number>', 'random seed').argParser(wholeNumber(0, LARGEST_SEED));
/** The device of commands that train long enough for a measurement to pay. */
export const trainingDeviceOption = () =>
  new Option('--device <name>', 'device to compute on; auto: the fastest in a short measurement')
    .choices([...DEVICES, 'auto' as const])
    .default('cpu' as const);
export const deviceOption = () =>
  new Option('--device <name>', 'device to compute on').choices(DEVICES).default('cpu' as const);
export const splitOption = (split: 'train' | 'test' = 'train') =>
  new Option('--split <split>', 'split of the data set').choices(['train', 'test'] as const).default(split);
export const emaOption = () => new Option('--no-ema', 'use raw weights instead of EMA weights');
export const threadsOption = () =>
  new Option(
    '--threads <number>',
    'CPU threads (default: one per core; with mpirun, one per core of the process)',
  ).argParser(wholeNumber(1, 1024));

export const loweringOption = () => new Option('--no-lowering', 'run the graph without CPU-specific optimizations');

/** What data may be, for help. Messages list all kinds: `choose from mnist, ...`. */
export const DATA_HELP = 'data set, such as mnist or cifar10:PATH, or a folder of images';
export const RUN_DATA_HELP = `${DATA_HELP} (default: the training data)`;

/** The options that `compilerOf` reads. */
export interface CompilerOptions {
  readonly device: Device;
  readonly threads?: number | undefined;
  readonly lowering?: boolean | undefined;
  readonly debug?: true | undefined;
}

/** Those of `train`, whose device may have to be chosen. */
export type TrainingCompilerOptions = Omit<CompilerOptions, 'device'> & { readonly device: Device | 'auto' };

/**
 * Returns a compiler for `--device`, `--threads` and `--no-lowering`. Under `--debug` it reports once why ONNX Runtime is not called through its C API.
 * @param more as in `compile`, and the cores of this process (default: all that it may run on)
 */
export function compilerOf(
  options: CompilerOptions,
  terminal: Terminal,
  {
    profilePrefix,
    communicator,
    cores,
  }: { readonly [K in 'profilePrefix' | 'communicator']?: CompileOptions[K] | undefined } & {
    readonly cores?: number | undefined;
  } = {},
): Compile {
  const compileOptions: CompileOptions = {
    ...compileOptionsOf(options, terminal, cores),
    device: options.device,
    ...(communicator ? { communicator } : {}),
    ...(profilePrefix === undefined ? {} : { profilePrefix }),
  };
  return async (graph) => (await import('../engine/runtime/native.node.js')).compile(graph, compileOptions);
}

/** The options of `compile` besides the device. */
function compileOptionsOf(
  { threads, lowering, debug }: Omit<CompilerOptions, 'device'>,
  { note }: Terminal,
  cores: number | undefined,
): CompileOptions {
  let isReported = false;
  const onFallback = ({ code, message }: { readonly code: string; readonly message: string }) => {
    if (!isReported) note(`agenet: calling ONNX Runtime through its Node binding (${code}: ${message})`);
    isReported = true;
  };
  return {
    ...(debug ? { onFallback } : {}),
    threads: threadsOf(threads, cores),
    ...(lowering === false ? { target: { name: 'plain' } } : {}),
  };
}

/** Returns the compiler for the options of `train`, which can choose its device. */
export async function trainingCompilerOf(
  options: TrainingCompilerOptions,
  terminal: Terminal,
  cores: number | undefined,
): Promise<DeviceCompiler> {
  const { device } = options;
  if (device !== 'auto') return { compile: compilerOf({ ...options, device }, terminal, { cores }) };
  const { deviceCompiler } = await import('../engine/runtime/deviceChoice.node.js');
  return deviceCompiler({ ...compileOptionsOf(options, terminal, cores), device });
}

/** The number of threads: by default the cores of this process. */
export const threadsOf = (threads: number | undefined, cores = availableParallelism()): number => threads ?? cores;

/** Options by the names that other programs give them, and the names of the options that they stand for. */
const ALIASES: Readonly<Record<string, string>> = {
  lr: 'learningRate',
  batchSize: 'batch',
  imageSize: 'size',
  outdir: 'out',
};

/** Returns a hidden option that stands for another one, whose description mentions it. Giving both is an error. */
export const alias = <Flags extends string>(flags: Flags, option: string, name: string) =>
  new Option(flags, `alias of ${option}`).conflicts(name).hideHelp();

/** Returns the options of a command with the names of those that aliases stand for. */
export const withoutAliases = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [ALIASES[name] ?? name, value as unknown])) as T;

/** Returns the settings among the options of a command. */
export async function givenSettings(options: Readonly<Record<string, unknown>>): Promise<Settings> {
  const { settingKeys } = await import('../runs/settings.node.js');
  const keys = await settingKeys();
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => keys.includes(key) && value !== undefined),
  );
}

/** Resolves the options of a command that trains on no particular data into a configuration with the image format of the given data. */
export async function resolveConfiguration(
  data: string,
  options: Readonly<Record<string, unknown>>,
): Promise<Configuration> {
  const { draftSettings } = await import('../runs/settings.node.js');
  return (await draftSettings({ ...(await givenSettings(options)), data })).draft;
}

/** Imports the lists of choices that the options of training show. */
export const loadTrainingChoices = async () => ({
  ...(await import('../age/augmentation.js')),
  ...(await import('../age/objective.js')),
  ...(await import('../age/prior.js')),
  ...(await import('../age/terms.js')),
  ...(await import('../networks/architecture.js')),
});
type TrainingChoices = Pick<
  Awaited<ReturnType<typeof loadTrainingChoices>>,
  'ARCHITECTURE_NAMES' | 'AUGMENTATIONS' | 'DISTANCES' | 'DIVERGENCES' | 'MOMENTS' | 'PRIORS' | 'REDUCTIONS'
>;

/** Adds the options that describe what is trained and how: those of `train` and `bench`. */
export const addTrainingOptions = (
  command: Subcommand,
  { ARCHITECTURE_NAMES, AUGMENTATIONS, DISTANCES, DIVERGENCES, MOMENTS, PRIORS, REDUCTIONS }: TrainingChoices,
) =>
  command
    .optionsGroup('Networks:')
    .addOption(
      new Option('--network <name>', 'network architecture (default: the one for the image size)').choices(
        ARCHITECTURE_NAMES,
      ),
    )
    .option(
      '--size <pixels>',
      'image height and width (default: native size of the data; alias: --image-size)',
      parseNumber,
    )
    .addOption(alias('--image-size <pixels>', '--size', 'size').argParser(parseNumber))
    .option('--channels <number>', '1 for grayscale, 3 for RGB (default: native format of the data)', parseNumber)
    .option(
      '--width <number>',
      `base channel count; layers use multiples of it (default: ${DEFAULTS.width})`,
      parseNumber,
    )
    .option('--latent <number>', `latent dimensions (default: ${DEFAULTS.latent})`, parseNumber)
    .optionsGroup('Objective:')
    .option(
      '--encoder-updates <plan>',
      `encoder updates per iteration and loss weights (default: "${DEFAULTS.encoderUpdates}")`,
    )
    .option(
      '--generator-updates <plan>',
      `generator updates per iteration and loss weights (default: "${DEFAULTS.generatorUpdates}")`,
    )
    .addOption(
      new Option('--prior <name>', `prior distribution of latent codes (default: ${DEFAULTS.prior})`).choices(PRIORS),
    )
    .addOption(
      new Option(
        '--divergence <name>',
        `divergence between a batch of codes and the prior (default: ${DEFAULTS.divergence})`,
      ).choices(DIVERGENCES),
    )
    .addOption(
      new Option(
        '--moment <name>',
        `statistic used as σ in the divergence: "variance", as in the published code, or "std", as in the formula (default: ${DEFAULTS.moment})`,
      ).choices(MOMENTS),
    )
    .addOption(
      new Option(
        '--reduction <name>',
        `reduction of the divergence over latent dimensions (default: ${DEFAULTS.reduction})`,
      ).choices(REDUCTIONS),
    )
    .addOption(
      new Option('--match-x <name>', `image reconstruction loss (default: ${DEFAULTS.matchX})`).choices(DISTANCES),
    )
    .addOption(
      new Option('--match-z <name>', `latent reconstruction loss (default: ${DEFAULTS.matchZ})`).choices(DISTANCES),
    )
    .addOption(
      new Option(
        '--batch-norm-stats <mode>',
        `BatchNorm running statistics: "shared" (as published), or "separate" per input type (default: ${DEFAULTS.batchNormStats})`,
      ).choices(BATCH_NORM_STATS),
    )
    .optionsGroup('Training:')
    .option(
      '--batch <number>',
      'images per batch (default: 64, fewer for small data sets; alias: --batch-size)',
      parseNumber,
    )
    .addOption(alias('--batch-size <number>', '--batch', 'batch').argParser(parseNumber))
    .option(
      '--augment <list>',
      `transform images at random for the divergences: ${AUGMENTATIONS.join(', ')}, or none (default: color for fewer than 200 images, else none)`,
      parseAugmentations,
    )
    .option(
      '--learning-rate <number>',
      `learning rate of Adam (default: ${DEFAULTS.learningRate}; alias: --lr)`,
      parseNumber,
    )
    .addOption(alias('--lr <number>', '--learning-rate', 'learningRate').argParser(parseNumber))
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(loweringOption());
