import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { availableParallelism } from 'node:os';
import type { CompileOptions, Device } from '../engine/runtime/native.node.js';
import type { DeviceCompiler } from '../engine/runtime/deviceChoice.node.js';
import type { Compile } from '../engine/runtime/program.js';
import { LARGEST_SEED } from '../random.js';
import type { Terminal } from './command.js';

/** The engine's list would load ONNX Runtime for help. */
const DEVICES = Object.keys({ cpu: true, webgpu: true, cuda: true } satisfies Record<Device, true>) as Device[];

/** Accepts any JavaScript notation. The configuration checks ranges. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
}

export const parseList = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = parseNumber(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };

export const seedOption = () => new Option('--seed <number>', 'random seed').argParser(wholeNumber(0, LARGEST_SEED));
/** For commands that train long enough for a measurement to pay. */
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

export const DATA_HELP = 'data set, such as mnist or cifar10:PATH, or a folder of images';
export const RUN_DATA_HELP = `${DATA_HELP} (default: the training data)`;

export interface CompilerOptions {
  readonly device: Device;
  readonly threads?: number | undefined;
  readonly lowering?: boolean | undefined;
  readonly debug?: true | undefined;
}

export type TrainingCompilerOptions = Omit<CompilerOptions, 'device'> & { readonly device: Device | 'auto' };

/**
 * Returns a compiler. Under `--debug` it reports once why it does not call ONNX Runtime through its C API.
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

/** Returns a compiler that can choose its device. */
export async function trainingCompilerOf(
  options: TrainingCompilerOptions,
  terminal: Terminal,
  cores: number | undefined,
): Promise<DeviceCompiler> {
  const { device } = options;
  if (device !== 'auto') {
    const compileOptions = { ...compileOptionsOf(options, terminal, cores), device };
    return {
      compile: compilerOf({ ...options, device }, terminal, { cores }),
      estimateMemory: async (graph) =>
        (await import('../engine/runtime/native.node.js')).estimateMemory(graph, compileOptions),
    };
  }
  const { deviceCompiler } = await import('../engine/runtime/deviceChoice.node.js');
  return deviceCompiler({ ...compileOptionsOf(options, terminal, cores), device });
}

export const threadsOf = (threads: number | undefined, cores = availableParallelism()): number => threads ?? cores;

/** Returns a hidden option that stands for another one, and excludes it. */
export const alias = <Flags extends string>(flags: Flags, option: string, name: string) =>
  new Option(flags, `alias of ${option}`).conflicts(name).hideHelp();
