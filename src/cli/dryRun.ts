import type { ImageSource } from '../data/source.js';
import { type Network, NETWORK_NAMES } from '../networks/network.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { Trainer } from '../training/trainer.js';
import type { Compile } from '../engine/index.js';
import type { ActionResult, Terminal } from './command.js';
import { duration } from './progress.js';

/** What a training would do: its settings, networks, data, and the time that it would take by the second of two iterations. */
export async function describeTraining(configuration: Configuration, source: ImageSource, compile: Compile, terminal: Terminal): Promise<ActionResult> {
  const { pair } = iterationSpec(configuration);
  const trainer = await Trainer.create(configuration, source.train, compile);
  const { totalSteps: steps, batchesPerEpoch } = trainer;
  const secondsPerIteration = await timeIterations(trainer);
  await trainer.release();

  const parameters = { encoder: pair.encoder.parameters.size, generator: pair.generator.parameters.size };
  const images = { train: source.train.count, test: source.test.count };
  terminal.printObject(configuration);
  for (const name of NETWORK_NAMES) {
    terminal.print(`${name}, ${parameters[name].toLocaleString('en')} parameters:`);
    for (const line of tensorsOf(pair[name])) terminal.print(`  ${line}`);
  }
  terminal.print(`${images.train} images to train on, ${images.test} to test on; ${batchesPerEpoch} batches an epoch, ${steps} iterations`);
  terminal.print(`${secondsPerIteration.toFixed(3)} s an iteration, about ${duration(steps * secondsPerIteration)} in all`);
  return { result: { configuration, parameters, images, batches_per_epoch: batchesPerEpoch, steps, seconds_per_iteration: secondsPerIteration } };
}

/** The first iteration is slower: memory is new to the process. */
async function timeIterations(trainer: Trainer): Promise<number> {
  await trainer.iterate();
  const start = performance.now();
  await trainer.iterate();
  return (performance.now() - start) / 1000;
}

const tensorsOf = ({ parameters }: Network): string[] => [...parameters.entries].map(([name, { shape }]) => `${name.padEnd(28)} [${shape.join(', ')}]`);
