/** The default recipe at half its width and batch. */
import { DIGIT_PADDING } from '../../../src/images/preprocessing.js';
import type { OpenConfiguration } from '../../../src/training/settings.js';
import { LENGTH } from '../training/images.js';
import { DIGIT_SIZE } from './data.js';

export const configurationOf = (width: number, seed: number): OpenConfiguration => ({
  network: 'dcgan32',
  data: 'mnist',
  size: DIGIT_SIZE,
  channels: 1,
  crop: 'center',
  padding: DIGIT_PADDING,
  augment: [],
  classes: [],
  attributes: [],
  width,
  seed,
  batch: 32,
  length: LENGTH,
  schedule: 'constant',
  // A short memory, because visitors watch the first iterations.
  ema: 0.99,
});
