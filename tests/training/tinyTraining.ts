/** Trainings that take milliseconds. */
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { DIGIT_PADDING } from '../../src/images/preprocessing.js';
import { type ImageSource, splitInMemory } from '../../src/data/source.js';
import type { Checkpoint, Digest } from '../../src/training/checkpoint.js';
import type { Configuration } from '../../src/training/configuration.js';
import { parseConfiguration } from '../../src/training/configurationSchema.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { iterationSpec } from '../../src/training/configuration.js';
import { DEFAULTS } from '../../src/training/settings.js';
import { initialState, modelWeights } from '../../src/training/trainer.js';
import { randomStream } from '../../src/random.js';
import { compileSmall } from '../engine/running.js';
import { RunFolder } from '../../src/runs/runFolder.node.js';

/** The digest that run folders use. */
export const digest: Digest = (...pieces) =>
  pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('hex');

/** The published recipe without its sizes: its loss has fewer terms than that of the defaults. */
const PUBLISHED = {
  ...DEFAULTS,
  encoderUpdates: '1;KL_fake:1,KL_real:1,match_z:0,match_x:10',
  generatorUpdates: '2;KL_fake:1,match_z:1000,match_x:0',
  batchNormStats: 'shared',
  learningRate: 2e-4,
  schedule: 'halving',
  divergence: 'qp',
  moment: 'std',
  ema: 0,
} as const;

/**
 * Grayscale images of 32x32, the narrowest networks worth training, every iteration logged and no previews before the
 * end.
 */
export const tinyConfiguration = (changes: Partial<Configuration> = {}): Configuration =>
  parseConfiguration({
    ...PUBLISHED,
    data: 'mnist',
    size: 32,
    channels: 1,
    padding: (changes.data ?? 'mnist') === 'mnist' ? DIGIT_PADDING : null,
    width: 4,
    latent: 8,
    batch: 4,
    length: { steps: 4 },
    logEvery: 1,
    sampleEvery: 0,
    checkpointEvery: 0,
    ...changes,
  });

/** 18 images to train on and 5 to test on, without labels. */
export function noiseSource(): ImageSource {
  const stream = randomStream(1, 'noise source');
  const split = (count: number) =>
    splitInMemory(
      Uint8Array.from({ length: count * 1024 }, () => stream.below(256)),
      1024,
      null,
    );
  return { name: 'noise', size: [32, 32], channels: 1, train: split(18), test: split(5), classes: null };
}

/** A new run folder that no process holds. */
export async function createRun(path: string, configuration: Configuration): Promise<RunFolder> {
  const folder = await RunFolder.create(path, configuration);
  await (await folder.lock()).release();
  return folder;
}

/**
 * A checkpoint of untrained networks, their weights so large that images and codes differ, and Adam moments that are
 * not 0.
 */
export function tinyCheckpoint(configuration = tinyConfiguration(), step = 3): Checkpoint {
  const moments = Object.entries(initialState(configuration).vectors).map(([name, vector]) => {
    const draws = randomStream(2, name).fillNormal(new Float32Array(vector.length));
    return [name, name.includes('adam') ? draws.map((draw) => draw ** 2) : vector.map((value) => 4 * value)] as const;
  });
  return {
    configuration,
    step,
    rateScale: 1,
    vectors: Object.fromEntries(moments) as unknown as Checkpoint['vectors'],
  };
}

/** Of untrained weights. */
export function tinyModel(configuration = tinyConfiguration()): TrainedModel {
  const { pair, objective } = iterationSpec(configuration);
  const model = TrainedModel.of(
    pair,
    objective.prior,
    modelWeights(tinyCheckpoint(configuration).vectors),
    compileSmall,
  );
  onTestFinished(() => model.release());
  return model;
}
