import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { availableParallelism } from 'node:os';
import { DISTANCES } from '../age/objective.js';
import { DIVERGENCES } from '../age/objective.js';
import { MOMENTS, REDUCTIONS } from '../age/terms.js';
import { PRIORS } from '../age/prior.js';
import { ARCHITECTURE_NAMES } from '../networks/architecture.js';
import { BATCH_NORM_STATS, DEFAULTS } from '../training/defaults.js';
import { type Compile } from '../engine/index.js';
import { compile, type Device, DEVICES } from '../engine/runtime/native.node.js';
import { LARGEST_SEED } from '../random.js';
import { subcommand, type Terminal } from './command.js';

/** A number in any notation that JavaScript has; ranges are checked with the configuration, which knows them. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
}

/** Names with commas between them. */
export const parseList = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** A parser of whole numbers within limits. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = parseNumber(text);
    if (!Number.isInteger(value) || value < least || value > most) throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };

export const seedOption = () => new Option('--seed <number>', 'what all random choices follow from').argParser(wholeNumber(0, LARGEST_SEED));
export const deviceOption = () => new Option('--device <name>', 'where to compute').choices(DEVICES).default('cpu' as const);
export const threadsOption = () => new Option('--threads <number>', 'processor threads (default: one for each core)').argParser(wholeNumber(1, 1024));

export const plainOption = () => new Option('--no-lowering', 'keep operators as they are written, without the forms that are faster on this processor');

/** The options that `compilerOf` reads. */
export interface CompilerOptions {
  readonly device: Device;
  readonly threads?: number | undefined;
  readonly lowering?: boolean | undefined;
  readonly debug?: true | undefined;
}

/**
 * Returns a compiler with `--device`, `--threads` and `--no-lowering`. Under `--debug` it prints once why the runtime is not called by its C interface.
 * @param profilePrefix as in `compile`
 */
export function compilerOf({ device, threads, lowering, debug }: CompilerOptions, { note }: Terminal, profilePrefix?: string): Compile {
  let isReported = false;
  const onFallback = ({ code, message }: { readonly code: string; readonly message: string }) => {
    if (!isReported) note(`agenet: calling ONNX Runtime through its Node binding (${code}: ${message})`);
    isReported = true;
  };
  return (graph) =>
    compile(graph, {
      ...(debug ? { onFallback } : {}),
      device,
      threads: threadsOf(threads),
      ...(lowering === false ? { target: { name: 'plain' } } : {}),
      ...(profilePrefix === undefined ? {} : { profilePrefix }),
    });
}

export const threadsOf = (threads: number | undefined): number => threads ?? availableParallelism();

/** A subcommand with the options that describe what is trained and how: those of `train` and `bench`. */
export const trainingCommand = (name: string, summary: string) =>
  subcommand(name, summary)
    .optionsGroup('Networks:')
    .addOption(new Option('--network <name>', 'network architecture (default: the one for the image size)').choices(ARCHITECTURE_NAMES))
    .option('--size <pixels>', 'image height and width (default: native size of the data)', parseNumber)
    .option('--channels <number>', '1 for grayscale, 3 for RGB (default: native format of the data)', parseNumber)
    .option('--width <number>', `base channel count; layers use multiples of it (default: ${DEFAULTS.width})`, parseNumber)
    .option('--latent <number>', `latent dimensions (default: ${DEFAULTS.latent})`, parseNumber)
    .optionsGroup('Objective:')
    .option('--encoder-updates <plan>', `encoder updates per iteration and loss weights (default: "${DEFAULTS.encoderUpdates}")`)
    .option('--generator-updates <plan>', `generator updates per iteration and loss weights (default: "${DEFAULTS.generatorUpdates}")`)
    .addOption(new Option('--prior <name>', `prior distribution of latent codes (default: ${DEFAULTS.prior})`).choices(PRIORS))
    .addOption(new Option('--divergence <name>', `divergence between a batch of codes and the prior (default: ${DEFAULTS.divergence})`).choices(DIVERGENCES))
    .addOption(
      new Option('--moment <name>', `statistic used as σ in the divergence; "variance" matches the published code (default: ${DEFAULTS.moment})`).choices(
        MOMENTS,
      ),
    )
    .addOption(new Option('--reduction <name>', `reduction of the divergence over latent dimensions (default: ${DEFAULTS.reduction})`).choices(REDUCTIONS))
    .addOption(new Option('--match-x <name>', `image reconstruction loss (default: ${DEFAULTS.matchX})`).choices(DISTANCES))
    .addOption(new Option('--match-z <name>', `latent reconstruction loss (default: ${DEFAULTS.matchZ})`).choices(DISTANCES))
    .addOption(
      new Option('--batch-norm-stats <mode>', 'BatchNorm running statistics: "shared" (as published), or "separate" per input type (default: shared)').choices(
        BATCH_NORM_STATS,
      ),
    )
    .optionsGroup('Training:')
    .option('--batch <number>', `images per batch (default: ${DEFAULTS.batch})`, parseNumber)
    .option('--learning-rate <number>', `learning rate of Adam (default: ${DEFAULTS.learningRate})`, parseNumber)
    .addOption(seedOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(plainOption());
