/** Settings that show how the method works, and how it fails. */
import { DEFAULT_SETTINGS, type PlaneSettings } from './settings.js';

export interface Preset {
  readonly name: string;
  /** What to look at. */
  readonly text: string;
  readonly settings: Partial<PlaneSettings>;
}

const { encoder, generator } = DEFAULT_SETTINGS.weights;

export const PRESETS: readonly Preset[] = [
  {
    name: 'Balanced',
    text: 'All terms: the image of the circle follows the data, and both histograms are flat.',
    settings: { weights: DEFAULT_SETTINGS.weights },
  },
  {
    name: 'Filled',
    text: 'A prior on the sphere has a surface as its image, which fills a disk.',
    settings: { data: 'disk', prior: 'sphere', weights: DEFAULT_SETTINGS.weights },
  },
  {
    name: 'No adversary',
    text: 'The encoder does not push codes of samples away (its KL_fake is 0), so nothing draws the image of the circle to the data.',
    settings: { data: 'moons', prior: 'circle', weights: { encoder: { ...encoder, KL_fake: 0 }, generator: { ...generator, match_z: 10 } } },
  },
  {
    name: 'No match terms',
    text: 'Without match_x and match_z the networks are not inverse to each other: codes are uniform, but they say little about the points.',
    settings: { data: 'rings', prior: 'circle', weights: { encoder: { ...encoder, match_x: 0 }, generator: { ...generator, match_z: 0 } } },
  },
  {
    name: 'Collapse',
    text: 'Only the encoder plays: the generator neither follows KL_fake nor match_z, and its image stays where it was.',
    settings: { data: 'rings', prior: 'circle', weights: { encoder: { ...encoder, KL_fake: 4 }, generator: { KL_fake: 0, match_z: 0 } } },
  },
  {
    name: 'Half-empty circle',
    text: 'Without KL_real, codes of images may gather on a part of the circle; samples from the rest have no data.',
    settings: { data: 'moons', prior: 'circle', weights: { encoder: { ...encoder, KL_real: 0, KL_fake: 0.1 }, generator } },
  },
];
