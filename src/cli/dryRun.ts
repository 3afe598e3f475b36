import { flopsByLayer } from '../networks/layer.js';
import { type Network, NETWORK_NAMES } from '../networks/network.js';
import type { PreparedRun } from '../runs/train.node.js';
import { iterationSpec } from '../training/configuration.js';
import { Trainer } from '../training/trainer.js';
import type { Compile } from '../engine/index.js';
import { type ActionResult, type Terminal, withFlags } from './command.js';
import { duration } from './progress.js';

/** Describes a training run without starting it: settings, networks, data, and the estimated time from the second of two iterations. */
export async function describeTraining(
  { configuration, source, notes }: PreparedRun,
  compile: Compile,
  terminal: Terminal,
): Promise<ActionResult> {
  const { pair } = iterationSpec(configuration);
  const trainer = await Trainer.create(configuration, source.train, compile);
  const { totalSteps: steps, batchesPerEpoch } = trainer;
  const secondsPerIteration = await timeIterations(trainer);
  await trainer.release();

  const parameters = { encoder: pair.encoder.parameters.size, generator: pair.generator.parameters.size };
  const flops = { encoder: networkFlops(pair.encoder), generator: networkFlops(pair.generator) };
  const images = { train: source.train.count, test: source.test.count };
  terminal.printObject(configuration);
  for (const name of NETWORK_NAMES) {
    terminal.print(
      `${name}: ${parameters[name].toLocaleString('en')} parameters, ${formatFlops(flops[name].total)} per image`,
    );
    for (const line of layerLines(pair[name], flops[name].layers)) terminal.print(`  ${line}`);
  }
  terminal.print(
    `${images.train} training images, ${images.test} test images; ${batchesPerEpoch} batches per epoch, ${steps} iterations`,
  );
  terminal.print(
    `${secondsPerIteration.toFixed(3)} s per iteration, about ${duration(steps * secondsPerIteration)} in total`,
  );
  notes.map(withFlags).forEach(terminal.print);
  return {
    result: {
      configuration,
      parameters,
      flops,
      images,
      batches_per_epoch: batchesPerEpoch,
      steps,
      seconds_per_iteration: secondsPerIteration,
      notes,
    },
  };
}

/** The first iteration is slower because its memory is new to the process. */
async function timeIterations(trainer: Trainer): Promise<number> {
  await trainer.iterate();
  const start = performance.now();
  await trainer.iterate();
  return (performance.now() - start) / 1000;
}

/** Floating-point operations of a forward pass of one image after training; a multiply-add counts as 2. */
export interface NetworkFlops {
  readonly total: number;
  readonly layers: Readonly<Record<string, number>>;
}

export function networkFlops({ layers, inputShape }: Network): NetworkFlops {
  const byLayer = flopsByLayer(layers, inputShape);
  return { total: Object.values(byLayer).reduce((total, flops) => total + flops, 0), layers: byLayer };
}

const UNITS = ['FLOPs', 'kFLOPs', 'MFLOPs', 'GFLOPs', 'TFLOPs'] as const;

/** Formats a number of operations: `1.23 MFLOPs`. */
export function formatFlops(flops: number): string {
  const unit = Math.min(UNITS.length - 1, flops < 1 ? 0 : Math.floor(Math.log10(flops) / 3));
  return `${(flops / 1000 ** unit).toFixed(unit === 0 ? 0 : 2)} ${UNITS[unit]!}`;
}

/** One line per layer: its name, operations and parameters. */
const layerLines = ({ name, parameters }: Network, flops: NetworkFlops['layers']): string[] =>
  Object.entries(flops).map(([layer, operations]) => {
    const prefix = `${name}.${layer}.`;
    const tensors = [...parameters.entries].filter(([tensor]) => tensor.startsWith(prefix));
    const shapes = tensors.map(([tensor, { shape }]) => `${tensor.slice(prefix.length)} [${shape.join(', ')}]`);
    return `${layer.padEnd(12)} ${formatFlops(operations).padStart(14)}   ${shapes.join(', ')}`.trimEnd();
  });
