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
  const secondsBefore = (await folder.cutLog(start?.step ?? 0))?.seconds ?? 0;
  const trainer = await Trainer.create(configuration, source.train, compile, start);
  const writer = new RunWriter(trainer, configuration, folder, new Previews(configuration, source.test, trainer.vectors, compile), onEvent);
  onEvent({ type: 'start', step: trainer.step, lastStep: trainer.lastStep, batchesPerEpoch: trainer.batchesPerEpoch, parameters: trainer.parameterCounts });

  const begin = performance.now();
  const seconds = () => rounded((performance.now() - begin) / 1000);
  try {
    while (trainer.step < trainer.lastStep && !signal?.aborted) {
      const report = await trainer.iterate();
      requireFinite(report);
      onEvent({ type: 'iteration', report });
      await writer.afterIteration(report, secondsBefore + seconds());
      // The runtime holds the thread during an iteration: signals and timers get their turn here.
      await nextTurn();
    }
    const trained = seconds();
    const files = await writer.finish();
    const summary: TrainingSummary = {
      steps: trainer.step,
      interrupted: trainer.step < trainer.lastStep,
      seconds: trained,
      runtimeShare: trained === 0 ? 0 : trainer.runtimeSeconds / trained,
      ...files,
    };
    onEvent({ type: 'end', summary });
    return summary;
  } finally {
    await Promise.all([trainer.release(), writer.release()]);
  }
}

/** Writes what is due after each iteration into the run folder. */
class RunWriter {
  private pictures: { readonly step: number; readonly samples: string; readonly reconstructions: string } | undefined;
  private checkpoint: { readonly step: number; readonly file: string } | undefined;

  constructor(
    private readonly trainer: Trainer,
    private readonly configuration: Configuration,
    private readonly folder: RunFolder,
    private readonly previews: Previews,
    private readonly onEvent: (event: TrainingEvent) => void,
  ) {}

  async afterIteration({ step, epoch, losses }: IterationReport, seconds: number): Promise<void> {
    const { logEvery, sampleEvery, checkpointEvery } = this.configuration;
    const isDue = (every: number) => every > 0 && step % every === 0;
    if (isDue(logEvery) || step === 1) await this.folder.log({ step, epoch, seconds, ...losses });
    if (isDue(sampleEvery)) await this.draw();
    if (isDue(checkpointEvery)) await this.save();
  }

  /** Saves and draws the last iteration, unless that was done, and returns the files. */
  async finish(): Promise<{ readonly checkpoint: string; readonly samples: string; readonly reconstructions: string }> {
    const { step } = this.trainer;
    const { file } = this.checkpoint?.step === step ? this.checkpoint : await this.save();
    const { samples, reconstructions } = this.pictures?.step === step ? this.pictures : await this.draw();
    return { checkpoint: file, samples, reconstructions };
  }

  release(): Promise<void> {
    return this.previews.release();
  }

  private async draw() {
    const { step, vectors } = this.trainer;
    this.pictures = { step, ...(await this.previews.write(this.folder, step, vectors)) };
    this.onEvent({ type: 'pictures', ...this.pictures });
    return this.pictures;
  }

  private async save() {
    const { step, vectors } = this.trainer;
    this.checkpoint = { step, file: await this.folder.writeCheckpoint({ configuration: this.configuration, step, vectors }) };
    this.onEvent({ type: 'checkpoint', ...this.checkpoint });
    return this.checkpoint;
  }
}

/** A loss that is not finite never becomes finite again: better to stop at the last good checkpoint. */
function requireFinite({ step, losses }: IterationReport): void {
  const broken = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
  if (broken)
    throw new Error(`iteration ${step}: ${broken[0]} is ${broken[1]}; the checkpoints before it are intact, try a lower --learning-rate or other weights`);
}

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
