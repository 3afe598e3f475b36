/** Choices and default values of settings, apart from their schema: help shows them without loading it. */

/** One set of running statistics in each network, or one for each kind of input. */
export const BATCH_NORM_STATS = ['shared', 'separate'] as const;

/** What happens where a loss or gradient is not finite: an error, or back to the last checkpoint with half the learning rate. */
export const NAN_POLICIES = ['stop', 'rollback'] as const;

/** Default settings: the published update plans, at a width that two CPU cores train in minutes. */
export const DEFAULTS = {
  network: 'dcgan32',
  width: 16,
  latent: 64,
  batch: 64,
  length: { epochs: 10 },
  encoderUpdates: '1;KL_fake:1,KL_real:1,match_z:0,match_x:10',
  generatorUpdates: '2;KL_fake:1,match_z:1000,match_x:0',
  prior: 'sphere',
  divergence: 'qp',
  moment: 'std',
  reduction: 'mean',
  matchX: 'L1',
  matchZ: 'cos',
  learningRate: 2e-4,
  halveEvery: 0,
  seed: 1,
  logEvery: 10,
  sampleEvery: 500,
  checkpointEvery: 2000,
} as const;
