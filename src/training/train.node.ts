import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ImageSource } from '../data/index.js';
import type { Compile } from '../engine/index.js';
import type { Configuration } from './configuration.js';
import type { TrainingEvent, TrainingSummary } from './events.js';
import { Previews } from './previews.node.js';
import type { RunFolder } from './runFolder.node.js';
import { type IterationReport, Trainer, type TrainingVectors } from './trainer.js';

export interface TrainOptions {
  readonly configuration: Configuration;
  readonly source: ImageSource;
  readonly folder: RunFolder;
  readonly compile: Compile;
  /** Where to go on from; without it, from fresh weights. */
  readonly start?: { readonly step: number; readonly vectors: TrainingVectors };
  /** When aborted, the iteration that runs is finished and saved, and the training ends. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainingEvent) => void;
}

/**
 * Trains as configured, and writes log, pictures and checkpoints into the run folder. It always ends with a checkpoint and pictures
 * of the last iteration, unless a loss stopped being finite: then it throws before anything is saved.
 */
export async function train({ configuration, source, folder, compile, start, signal, onEvent = () => undefined }: TrainOptions): Promise<TrainingSummary> {
  const { logEvery, sampleEvery, checkpointEvery } = configuration;
  const secondsBefore = (await folder.cutLog(start?.step ?? 0))?.seconds ?? 0;
  const trainer = await Trainer.create(configuration, source.train, compile, start);
  const previews = new Previews(configuration, source.test, trainer.vectors, compile);
  onEvent({ type: 'start', step: trainer.step, lastStep: trainer.lastStep, batchesPerEpoch: trainer.batchesPerEpoch, parameters: trainer.parameterCounts });

  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  let pictures: { samples: string; reconstructions: string } | undefined;
  let checkpoint: string | undefined;
  const draw = async () => {
    pictures = await previews.write(folder, trainer.step, trainer.vectors);
    onEvent({ type: 'pictures', step: trainer.step, ...pictures });
  };
  const save = async () => {
    checkpoint = await folder.writeCheckpoint({ configuration, step: trainer.step, vectors: trainer.vectors });
    onEvent({ type: 'checkpoint', step: trainer.step, file: checkpoint });
  };
  const isDue = (every: number) => every > 0 && trainer.step % every === 0;

  try {
    while (trainer.step < trainer.lastStep && !signal?.aborted) {
      const report = await trainer.iterate();
      requireFinite(report);
      onEvent({ type: 'iteration', report });
      if (isDue(logEvery) || trainer.step === 1) await folder.log({ step: report.step, epoch: report.epoch, seconds: rounded(secondsBefore + seconds()), ...report.losses });
      [pictures, checkpoint] = [undefined, undefined];
      if (isDue(sampleEvery)) await draw();
      if (isDue(checkpointEvery)) await save();
      // The runtime holds the thread during an iteration: signals and timers get their turn here.
      await nextTurn();
    }
    const trained = seconds();
    if (checkpoint === undefined) await save();
    if (pictures === undefined) await draw();
    const summary: TrainingSummary = {
      steps: trainer.step,
      interrupted: trainer.step < trainer.lastStep,
      seconds: rounded(trained),
      runtimeShare: trained === 0 ? 0 : trainer.runtimeSeconds / trained,
      checkpoint: checkpoint!,
      ...pictures!,
    };
    onEvent({ type: 'end', summary });
    return summary;
  } finally {
    await Promise.all([trainer.release(), previews.release()]);
  }
}

/** A loss that is not finite never becomes finite again: better to stop at the last good checkpoint. */
function requireFinite({ step, losses }: IterationReport): void {
  const broken = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
  if (broken) throw new Error(`iteration ${step}: ${broken[0]} is ${broken[1]}; the checkpoints before it are intact, try a lower --learning-rate or other weights`);
}

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
