/** The default recipe at half its width and batch. */
import { DEFAULTS } from '../../../src/training/settings.js';
import { DIGIT_PADDING } from '../../../src/images/preprocessing.js';
import type { Configuration } from '../../../src/training/configuration.js';
import { LENGTH } from '../training/images.js';
import { DIGIT_SIZE } from './data.js';

export const configurationOf = (width: number, seed: number): Configuration => ({
  ...DEFAULTS,
  network: 'dcgan32',
  data: 'mnist',
  size: DIGIT_SIZE,
  channels: 1,
  crop: 'center',
  padding: DIGIT_PADDING,
  flip: false,
  augment: [],
  classes: [],
  attributes: [],
  testFraction: 0.1,
  width,
  seed,
  batch: 32,
  length: LENGTH,
  stages: [],
  schedule: 'constant',
  warmupSteps: 0,
  // A short memory, because visitors watch the first iterations.
  ema: 0.99,
  emaStart: 0,
  onNan: 'stop',
  maxRollbacks: 3,
  keepLast: 0,
  keepEvery: 0,
  evaluateEvery: 0,
  evaluateSamples: 10_000,
});
