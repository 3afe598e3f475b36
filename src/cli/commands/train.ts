import { Option } from '@commander-js/extra-typings';
import type { World } from '../../distributed/openMpi.node.js';
import { InputError, setting, text } from '../../errors.js';
import { CROPS } from '../../images/preprocessing.js';
import type { RunEvent, RunSummary } from '../../runs/train.node.js';
import { DEFAULTS, NAN_POLICIES, SCHEDULES } from '../../training/defaults.js';
import { type ActionResult, STATUS, type Subcommand, type Terminal, withFlags } from '../command.js';
import { type Show, showOption } from '../imageOptions.js';
import {
  addTrainingOptions,
  alias,
  compilerOf,
  DATA_HELP,
  givenSettings,
  loadTrainingChoices,
  parseList,
  parseNumber,
  trainingCompilerOf,
  type TrainingCompilerOptions,
  trainingDeviceOption,
  withoutAliases,
} from '../options.js';
import { runTogether } from '../ranks.js';
import { TRAINING, withSignals } from '../signals.js';

const EXAMPLES = `
Examples:
  agenet train mnist                                             ten epochs into runs/mnist-1
  agenet train photos --flip --out runs/photos                   the images in the folder photos, half of them mirrored
  agenet train --resume runs/photos                              resume that run
  agenet train --resume runs/photos --steps 20000                extend it to 20000 iterations
  agenet train cifar10:cifar --preset cifar10                    the published recipe, on the files in the folder cifar
  agenet train mnist --evaluate-every 2 --save-best fid          evaluate every other epoch, and keep the best checkpoint
  agenet train celeba:faces --preset celeba-finetune --init-from runs/faces-1    fine-tune another run
`;

export const summary = 'train a model on images';
export const group = 'Training:';

export const define = async (command: Subcommand) =>
  addTrainingOptions(command, await loadTrainingChoices())
    .addOption(trainingDeviceOption())
    .argument('[data]', `${DATA_HELP}; optional with --resume`)
    .option('--epochs <number>', 'passes over the data (default: 10, or more for small data sets)', parseNumber)
    .option('--steps <number>', 'training iterations in total, instead of --epochs', parseNumber)
    .addOption(
      new Option('--schedule <name>', `learning-rate schedule (default: ${DEFAULTS.schedule})`).choices(SCHEDULES),
    )
    .option(
      '--halve-every <epochs>',
      'with --schedule halving: halve the learning rate every N epochs; 0 = never (default: 0)',
      parseNumber,
    )
    .option('--warmup-steps <iterations>', 'iterations of linear learning-rate warmup (default: 0)', parseNumber)
    .option(
      '--ema <decay>',
      `EMA decay of the weights; sampling uses the EMA; 0 = no EMA (default: ${DEFAULTS.ema})`,
      parseNumber,
    )
    .option('--ema-start <iterations>', 'iterations before averaging begins (default: 0)', parseNumber)
    .option('--init-from <run>', 'initialize weights and unspecified settings from another run')
    .optionsGroup('Settings from files:')
    .option('--preset <name>', 'recipe from presets/, such as published, cifar10 or celeba')
    .option(
      '--config <file>',
      "settings in YAML or JSON, such as a run's config.json; options override it, and it overrides the preset",
    )
    .optionsGroup('Images:')
    .addOption(
      new Option('--crop <name>', 'how images become squares (default: center, or as native to the data)').choices(
        CROPS,
      ),
    )
    .option('--flip', 'mirror each image at random')
    .option(
      '--test-fraction <fraction>',
      'fraction held out for testing, if the data has no test split (default: 0.1)',
      parseNumber,
    )
    .option('--strict', 'fail at the first image that cannot be decoded, instead of skipping it')
    .optionsGroup('Output:')
    .option('--out <folder>', 'run folder (default: runs/DATA-NUMBER; alias: --outdir)')
    .addOption(alias('--outdir <folder>', '--out', 'out'))
    .option(
      '--resume [run]',
      'resume a run folder, or the one in --out, from its last checkpoint; --steps or --epochs extends it',
    )
    .option('--log-every <iterations>', 'write losses to log.jsonl every N iterations (default: 10)', parseNumber)
    .option(
      '--sample-every <iterations>',
      'write sample and reconstruction previews every N iterations, and some earlier; 0 = only at the end (default: 500)',
      parseNumber,
    )
    .option(
      '--checkpoint-every <iterations>',
      'save a checkpoint every N iterations; 0 = only at the end (default: 2000)',
      parseNumber,
    )
    .option('--keep-last <number>', 'keep only the N newest checkpoints; 0 = all (default: 0)', parseNumber)
    .option(
      '--keep-every <iterations>',
      'also keep older checkpoints at multiples of N iterations; 0 = none (default: 0)',
      parseNumber,
    )
    .addOption(
      new Option(
        '--on-nan <policy>',
        'if a loss is NaN or infinite: stop, or roll back to the last checkpoint and halve the learning rate (default: stop)',
      ).choices(NAN_POLICIES),
    )
    .option('--max-rollbacks <number>', 'maximum number of rollbacks (default: 3)', parseNumber)
    .addOption(showOption())
    .option('--tensorboard', 'also write TensorBoard event files into the run folder')
    .optionsGroup('Evaluation during training:')
    .option(
      '--evaluate-every <epochs>',
      'evaluate the model every N epochs, as agenet evaluate does; 0 = never (default: 0)',
      parseNumber,
    )
    .option(
      '--evaluate-metrics <list>',
      'metrics or metric groups (default: all that the data allows, except memorization_ratio)',
      parseList,
    )
    .option(
      '--evaluate-samples <number>',
      'number of samples, and at most as many images (default: 10000)',
      parseNumber,
    )
    .option('--save-best <metric>', 'keep the best checkpoint by this metric as checkpoints/best.safetensors')
    .optionsGroup('Other:')
    .option('--dry-run', 'print settings, networks, data and estimated time, and exit')
    .addHelpText('after', EXAMPLES)
    .action((data, options) =>
      runTogether(options, (terminal, world) => run(data, withoutAliases(options), terminal, world)),
    );

type Options = TrainingCompilerOptions &
  Readonly<Record<string, unknown>> & {
    readonly out?: string | undefined;
    readonly resume?: string | true | undefined;
    readonly strict?: true | undefined;
    readonly show?: Show | undefined;
    readonly tensorboard?: true | undefined;
    readonly dryRun?: true | undefined;
  };

async function run(
  data: string | undefined,
  options: Options,
  terminal: Terminal,
  world: World | undefined,
): Promise<ActionResult> {
  const { prepareRun } = await import('../../runs/train.node.js');
  const { requirePath } = await import('../output.js');
  const { out, resume, strict, tensorboard, dryRun } = options;
  if (out !== undefined) requirePath(out);
  if (data === undefined && resume === undefined)
    throw new InputError(
      'data',
      'missing',
      text`name a data set or a folder of images, or resume a run with ${setting('resume')} RUN`,
    );
  if (dryRun && world)
    throw new InputError(setting('dryRun'), 'describes the training of one process', 'run it without mpirun');
  const compiler = await trainingCompilerOf(options, terminal, world?.cores);
  const ranks = world && (await ranksOf(world, options, terminal));
  const onEvent = await eventPrinter(terminal, options.show);
  return withSignals(terminal, TRAINING, async (signal) => {
    const settings = { ...(await givenSettings(options)), ...(data === undefined ? {} : { data }) };
    const prepared = await prepareRun(settings, {
      out,
      resume,
      strict,
      tensorboard,
      dryRun: dryRun ?? false,
      signal,
      ...compiler,
      ranks,
      onEvent,
    });
    try {
      if (dryRun) {
        const { describeTraining } = await import('../dryRun.js');
        return await describeTraining(prepared, compiler.compile, terminal);
      }
      const summary = await prepared.train();
      return summary.interrupted ? printInterrupted(summary, terminal) : await printFinished(summary, terminal);
    } finally {
      prepared.close();
    }
  });
}

/** @throws {InputError} if the device is to be chosen: several processes train on the CPU */
async function ranksOf(world: World, { device, ...options }: Options, terminal: Terminal) {
  if (device === 'auto')
    throw new InputError(
      text`${setting('device')} auto`,
      'several processes train on the CPU',
      text`omit ${setting('device')}`,
    );
  const { Ranks } = await import('../../runs/ranks.node.js');
  return new Ranks(world, compilerOf({ ...options, device }, terminal, { communicator: world, cores: world.cores }));
}

/** Returns a function that prints the events of a run on standard error. */
async function eventPrinter(
  terminal: Terminal,
  shown: Show | undefined,
): Promise<(event: RunEvent) => void | Promise<void>> {
  const { DecodingProgress, steppingProgress } = await import('../progress.js');
  const { imageDisplay } = await import('../imageDisplay.js');
  const { showProgress } = await import('../trainingProgress.js');
  const decoding = new DecodingProgress(terminal);
  const showExtractor = steppingProgress(terminal, 'extractor');
  let show = showProgress(terminal);
  const display = imageDisplay(terminal, shown);
  return (event) => {
    if (event.type === 'decoding') decoding.update(event.done, event.total, event.skipped);
    else if (event.type === 'extractor') showExtractor(event.step, event.steps, event.loss);
    else if (event.type === 'note') terminal.note(withFlags(event.text ?? event.message));
    else if (event.type !== 'end') {
      if (event.type === 'start') {
        const { network, data, size } = event.configuration;
        show = showProgress(terminal, decoding.embedInLine());
        terminal.note(
          `training ${network} on ${data} (${event.images.train} images of ${size}x${size}) into ${event.run}`,
        );
      }
      show(event);
      // Training does not wait for the remaining images, but its end does.
      if (event.type === 'trained') decoding.showOwnLine();
      if (event.type === 'previews') return display(event.samples);
    }
  };
}

function printInterrupted(summary: RunSummary, terminal: Terminal): ActionResult {
  terminal.note(`stopped after ${summary.steps} iterations; saved ${summary.checkpoint}`);
  terminal.note(`resume with: npx agenet train --resume ${summary.run}`);
  return { result: { ...summary }, status: STATUS.interrupted, isSaved: true };
}

async function printFinished(summary: RunSummary, terminal: Terminal): Promise<ActionResult> {
  const { bestLine } = await import('../metricTables.js');
  const { duration } = await import('../progress.js');
  const { steps, seconds, runtime_fraction: fraction, test, samples, reconstructions, best } = summary;
  terminal.print(
    `trained ${steps} iterations (this session: ${duration(seconds)}, ${(100 * fraction).toFixed(1)}% in ONNX Runtime)`,
  );
  if (test) {
    const { reconstruction_l1: l1, reconstruction_mse: mse, latent_cosine: cosine } = test;
    terminal.print(
      `test images: reconstruction L1 ${l1.toFixed(4)}, MSE ${mse.toFixed(4)}; latent cosine cos(e(g(z)), z) ${cosine.toFixed(3)}`,
    );
  }
  if (samples) terminal.print(`Wrote samples to ${samples}`);
  if (reconstructions) terminal.print(`Wrote reconstructions to ${reconstructions}`);
  if (best) terminal.print(bestLine(best));
  return { result: { ...summary }, isSaved: !terminal.json };
}
