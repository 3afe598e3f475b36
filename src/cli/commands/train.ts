import type { World } from '../../distributed/openMpi.node.js';
import { InputError, setting, text } from '../../errors.js';
import type { RunEvent, RunSummary } from '../../runs/train.node.js';
import { RUN_OPTIONS } from '../../training/runOptions.js';
import { type Action, type OptionsOf, STATUS, type Subcommand, type Terminal, withFlags } from '../command.js';
import { imageDisplay } from '../imageDisplay.js';
import {
  alias,
  compilerOf,
  DATA_HELP,
  loweringOption,
  showOption,
  threadsOption,
  trainingCompilerOf,
  trainingDeviceOption,
} from '../options.js';
import { requirePath } from '../output.js';
import { decodingProgress, duration, steppingProgress } from '../progress.js';
import { TRAINING, withSignals } from '../signals.js';

export const summary = 'train a model on images';
export const group = 'Training:';
export const isDistributed = true;
export const details = `
Examples:
  agenet train mnist                                             ten epochs into runs/mnist-1
  agenet train photos --flip --out runs/photos                   the images in the folder photos, half of them mirrored
  agenet train --resume runs/photos                              resume that run
  agenet train --resume runs/photos --steps 20000                extend it to 20000 iterations
  agenet train cifar10:cifar --preset cifar10                    the published recipe, on the files in the folder cifar
  agenet train mnist --evaluate-every 2 --save-best fid          evaluate every other epoch, and keep the best checkpoint
  agenet train celeba:faces --preset celeba-finetune --init-from runs/faces-1    fine-tune another run
`;

export const define = async (command: Subcommand) => {
  const { DECLARATIONS } = await import('../../training/settings.js');
  const { addSettings } = await import('../settingOptions.js');
  // `data` is an argument, and `length` follows from other settings.
  const { data: _, length: __, ...settings } = DECLARATIONS;
  return addSettings(command.argument('[data]', `${DATA_HELP}; optional with --resume`), Object.keys(settings))
    .optionsGroup('Run:')
    .option('--out <folder>', 'run folder (default: runs/DATA-NUMBER; alias: --outdir)')
    .addOption(alias('--outdir <folder>', '--out', 'out'))
    .option(
      '--resume [run]',
      'resume a run folder, or the one in --out, from its last checkpoint; --steps or --epochs extends it',
    )
    .option('--strict', RUN_OPTIONS.strict.help)
    .addOption(showOption())
    .option('--tensorboard', RUN_OPTIONS.tensorboard.help)
    .addOption(trainingDeviceOption())
    .addOption(threadsOption())
    .addOption(loweringOption())
    .option('--dry-run', 'print settings, networks, data and estimated time, and exit');
};

export const action: Action<typeof define> = async (terminal, data, given, world) => {
  const { prepareRun } = await import('../../runs/train.node.js');
  const { givenSettings, withoutAliases } = await import('../settingOptions.js');
  const options = withoutAliases(given);
  const { out, resume, strict, tensorboard, dryRun = false } = options;
  if (out !== undefined) requirePath(out);
  if (data === undefined && resume === undefined) {
    const remedy = text`name a data set or a folder of images, or resume a run with ${setting('resume')} RUN`;
    throw new InputError('data', 'missing', remedy);
  }
  if (dryRun && world)
    throw new InputError(setting('dryRun'), 'describes the training of one process', 'run it without mpirun');
  const onEvent = await eventPrinter(terminal, options);
  const compiler = await trainingCompilerOf(options, terminal, world?.cores);
  const ranks = world && (await ranksOf(world, options, terminal));
  const train = async (signal: AbortSignal) => {
    const settings = { ...givenSettings(options), ...(data !== undefined && { data }) };
    const prepared = await prepareRun(settings, {
      ...{ out, resume, strict, tensorboard, dryRun, signal, ranks, onEvent },
      ...compiler,
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
  };
  return withSignals(terminal, train, TRAINING);
};

type Options = OptionsOf<typeof define>;

/** @throws {InputError} if the device is `auto` */
async function ranksOf(world: World, { device, ...options }: Options, terminal: Terminal) {
  if (device === 'auto') {
    const subject = text`${setting('device')} auto`;
    throw new InputError(subject, 'several processes train on the CPU', text`omit ${setting('device')}`);
  }
  const { Ranks } = await import('../../runs/ranks.node.js');
  return new Ranks(world, compilerOf({ ...options, device }, terminal, { communicator: world, cores: world.cores }));
}

async function eventPrinter(terminal: Terminal, { show: shown }: Options) {
  const { showProgress } = await import('../trainingProgress.js');
  const decoding = decodingProgress(terminal);
  const showExtractor = steppingProgress(terminal, 'extractor');
  let show = showProgress(terminal);
  const display = imageDisplay(terminal, shown);
  return (event: RunEvent) => {
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

function printInterrupted(summary: RunSummary, terminal: Terminal) {
  terminal.note(`stopped after ${summary.steps} iterations; saved ${summary.checkpoint}`);
  terminal.note(`resume with: npx agenet train --resume ${summary.run}`);
  return { result: { ...summary }, status: STATUS.interrupted, isSaved: true };
}

async function printFinished(summary: RunSummary, terminal: Terminal) {
  const { bestLine } = await import('../metricTables.js');
  const { steps, test, samples, reconstructions, best } = summary;
  if (summary.session_steps === 0) terminal.print(`the run has its ${steps} iterations already; nothing was trained`);
  else
    terminal.print(
      `trained ${steps} iterations (this session: ${duration(summary.seconds)}, ${(100 * summary.runtime_fraction).toFixed(1)}% in ONNX Runtime)`,
    );
  if (test)
    terminal.print(
      `test images: reconstruction L1 ${test.reconstruction_l1.toFixed(4)}, MSE ${test.reconstruction_mse.toFixed(4)}; latent cosine cos(e(g(z)), z) ${test.latent_cosine.toFixed(3)}`,
    );
  if (samples) terminal.print(`Wrote samples to ${samples}`);
  if (reconstructions) terminal.print(`Wrote reconstructions to ${reconstructions}`);
  if (best) terminal.print(bestLine(best));
  return { result: { ...summary }, isSaved: !terminal.json };
}
