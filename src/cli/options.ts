import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { availableParallelism } from 'node:os';
import type { CompileOptions, Device } from '../engine/runtime/native.node.js';
import type { Compile } from '../engine/runtime/program.js';
import type { GridStyle } from '../images/imageGrid.js';
import type { GraphicsProtocol } from '../images/terminalGraphics.node.js';
import type { DrawFrom } from '../model/refinement.js';
import { LARGEST_SEED } from '../random.js';
import { RUN_OPTIONS } from '../training/runOptions.js';
import type { Terminal } from './command.js';

/** The library's lists would load more than help needs. */
const DEVICES = allOf<Device>({ cpu: true, webgpu: true, cuda: true });
const PROTOCOLS = allOf<GraphicsProtocol>({ kitty: true, iterm2: true, sixel: true });

function allOf<Name extends string>(names: Record<Name, true>) {
  return Object.keys(names) as Name[];
}

/** Accepts any JavaScript notation. The configuration checks ranges. */
export function parseNumber(text: string) {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
}

export const parseList = (text: string) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

export const wholeNumber = (min: number, max: number) => (text: string) => {
  const value = parseNumber(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  return value;
};

const fraction = (text: string) => {
  const value = parseNumber(text);
  if (value < 0 || value > 1) throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return value;
};

export const refineOption = () =>
  new Option(
    '--refine <number>',
    'reconstruct each sample N times (default: 0 for codes of the density, 1 for codes of the prior)',
  ).argParser(wholeNumber(0, 100));
export const drawFromOption = () =>
  new Option(
    '--draw-from <source>',
    'draw codes from the density of codes of training images, or from the prior (default: density, if the checkpoint has one)',
  ).choices(allOf<DrawFrom>({ density: true, prior: true }));
export const refineNoiseOption = () =>
  new Option(
    '--refine-noise <fraction>',
    'move the codes of refined samples at random: the first by this part of a right angle, the next ones by less',
  )
    .argParser(fraction)
    .default(0);
export const guidanceOption = () =>
  new Option(
    '--guidance <factor>',
    'how much classes or attributes count: 0 = not at all, above 1 = exaggerated (default: 1)',
  ).argParser(parseNumber);
export const whereOption = (help: string, others = 'any others are left open') =>
  new Option(
    '--where <attributes>',
    `of a model with attributes: those ${help}, e.g. beard=full,fatness=0.8; ${others}`,
  );
export const seedOption = () =>
  new Option('--seed <number>', 'random seed').argParser(wholeNumber(0, LARGEST_SEED)).default(0);
/** Of commands that train long enough for a measurement to pay. */
export const trainingDeviceOption = () =>
  new Option('--device <name>', RUN_OPTIONS.device.help).choices([...DEVICES, 'auto' as const]).default('cpu' as const);
export const deviceOption = () =>
  new Option('--device <name>', 'device to compute on').choices(DEVICES).default('cpu' as const);
export const splitOption = (split: 'train' | 'test' = 'train', help = 'split of the data set') =>
  new Option('--split <split>', help).choices(['train', 'test'] as const).default(split);
export const emaOption = () => new Option('--no-ema', 'use raw weights instead of EMA weights');
const { threads: THREADS } = RUN_OPTIONS;
export const threadsOption = () =>
  new Option('--threads <number>', `${THREADS.help} (default: ${THREADS.defaultText})`).argParser(wholeNumber(1, 1024));
export const loweringOption = () => new Option('--no-lowering', RUN_OPTIONS.noLowering.help);

export const DATA_HELP = 'data set, such as mnist or cifar10:PATH, or a folder of images';
export const RUN_DATA_HELP = `${DATA_HELP} (default: the training data)`;

export interface CompilerOptions {
  device: Device;
  threads?: number | undefined;
  lowering?: boolean | undefined;
  debug?: true | undefined;
}

/** @param more.cores cores of this process (default: all that it may use) */
export function compilerOf(
  options: CompilerOptions,
  terminal: Terminal,
  { cores, ...more }: { cores?: number | undefined } & Pick<CompileOptions, 'communicator' | 'profilePrefix'> = {},
): Compile {
  const compileOptions = { ...compileOptionsOf(options, terminal, cores), device: options.device, ...more };
  return async (graph) => (await import('../engine/runtime/native.node.js')).compile(graph, compileOptions);
}

export async function trainingCompilerOf(
  options: Omit<CompilerOptions, 'device'> & { device: Device | 'auto' },
  terminal: Terminal,
  cores: number | undefined,
) {
  const { deviceCompiler } = await import('../engine/runtime/deviceChoice.node.js');
  return deviceCompiler({ ...compileOptionsOf(options, terminal, cores), device: options.device });
}

function compileOptionsOf(
  { threads, lowering, debug }: Omit<CompilerOptions, 'device'>,
  { note }: Terminal,
  cores: number | undefined,
): CompileOptions {
  let isReported = false;
  return {
    ...(debug && {
      onFallback: ({ code, message }) => {
        if (!isReported) note(`agenet: calling ONNX Runtime through its Node binding (${code}: ${message})`);
        isReported = true;
      },
    }),
    threads: threadsOf(threads, cores),
    ...(lowering === false && { target: { name: 'plain' } }),
  };
}

export const threadsOf = (threads: number | undefined, cores = availableParallelism()) => threads ?? cores;

/** Returns a hidden option that stands for another one, and excludes it. */
export const alias = <Flags extends string>(flags: Flags, option: string, name: string) =>
  new Option(flags, `alias of ${option}`).conflicts(name).hideHelp();

export type Show = 'auto' | GraphicsProtocol;

export interface ImageOptions {
  scale?: number | undefined;
  captions?: true | undefined;
  show?: Show | undefined;
  fps?: number | undefined;
}

export const scaleOption = () =>
  new Option(
    '--scale <number>',
    'enlarge each pixel to NxN pixels (default: the largest N up to 4 at which images fit 1024x1024)',
  ).argParser(wholeNumber(1, 32));

export const captionsOption = (content: string) => new Option('--captions', `write ${content} below each image`);

export const showOption = () =>
  new Option('--show [protocol]', 'also display the image in the terminal, by a protocol or the one that is detected')
    .choices(['auto', ...PROTOCOLS] as const)
    .preset('auto' as const);

const [MIN_FPS, MAX_FPS] = [0.1, 50];

export const fpsOption = (fps: number) =>
  new Option('--fps <number>', `frames per second of an animation (default: ${fps})`).argParser((text) => {
    const value = parseNumber(text);
    if (value < MIN_FPS || value > MAX_FPS)
      throw new InvalidArgumentError(`It must be a number from ${MIN_FPS} to ${MAX_FPS}.`);
    return value;
  });

/** @param captionsOf returns the lines below each image */
export const gridStyle = ({ scale, captions }: ImageOptions, captionsOf: () => string[][] = () => []): GridStyle => ({
  scale: scale ?? 'fit',
  captions: captions && captionsOf(),
});
