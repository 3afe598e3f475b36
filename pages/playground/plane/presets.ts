/** Settings with which the method works, or fails in typical ways. */
import { DEFAULT_SETTINGS, type PlaneSettings } from './settings.js';

export interface Preset {
  name: string;
  /** Says what to look at. */
  text: string;
  settings: Partial<PlaneSettings>;
}

const { encoder, generator } = DEFAULT_SETTINGS.weights;
const UNCONDITIONAL = { condition: 'none', hidden: DEFAULT_SETTINGS.hidden } as const;

export const PRESETS: readonly Preset[] = [
  {
    name: 'Balanced',
    text: 'All terms: the image of the circle follows the data, crosses the gap quickly, and both histograms are nearly flat.',
    settings: { data: 'moons', prior: 'circle', ...UNCONDITIONAL, weights: { encoder, generator } },
  },
  {
    name: 'Filled',
    text: 'The image of a sphere is a surface: it fills the disk, and codes of data fill the sphere.',
    settings: {
      data: 'disk',
      prior: 'sphere',
      ...UNCONDITIONAL,
      weights: { encoder: { ...encoder, KL_fake: 0.5, uniform: 1 }, generator: { ...generator, match_z: 10 } },
    },
  },
  {
    name: 'Classes',
    text: 'Both networks know the ring of each point. Each ring has all colors: the code says where on its ring a point is.',
    settings: {
      data: 'rings',
      prior: 'circle',
      condition: 'class',
      hidden: 64,
      weights: { encoder: { ...encoder, match_x: 30 }, generator: { ...generator, match_x: 30 } },
    },
  },
  {
    name: 'No adversary',
    text: 'Without KL_fake on either side this is an autoencoder. It reconstructs, but two arcs of the circle have no data, and samples from them lie between the moons.',
    settings: {
      data: 'moons',
      prior: 'circle',
      ...UNCONDITIONAL,
      weights: { encoder: { ...encoder, KL_fake: 0, uniform: 0 }, generator: { KL_fake: 0, match_z: 0, match_x: 10 } },
    },
  },
  {
    name: 'No match terms',
    text: 'Without match_x and match_z nothing relates a point to its code: codes gather, and the image of the circle lies anywhere.',
    settings: {
      data: 'moons',
      prior: 'circle',
      ...UNCONDITIONAL,
      weights: { encoder: { ...encoder, match_x: 0, uniform: 0 }, generator: { ...generator, match_z: 0, match_x: 0 } },
    },
  },
  {
    name: 'Collapse',
    text: 'The adversary is too strong: the encoder moves all codes into a small cap of the sphere, and codes of samples are as uneven as can be.',
    settings: {
      data: 'disk',
      prior: 'sphere',
      ...UNCONDITIONAL,
      weights: { encoder: { ...encoder, uniform: 0 }, generator: { KL_fake: 2, match_z: 10, match_x: 0 } },
    },
  },
  {
    name: 'Half-empty circle',
    text: 'Without KL_real nothing spreads the codes of data. A part of the circle stays empty, and its samples form a line between the moons.',
    settings: {
      data: 'moons',
      prior: 'circle',
      ...UNCONDITIONAL,
      weights: {
        encoder: { KL_real: 0, KL_fake: 0.05, match_x: 10, uniform: 0 },
        generator: { KL_fake: 0, match_z: 0, match_x: 10 },
      },
    },
  },
];

/** The preset that the settings still have, or undefined. */
export const activePreset = (settings: PlaneSettings): Preset | undefined =>
  PRESETS.find(({ settings: preset }) =>
    Object.entries(preset).every(
      ([key, value]) => JSON.stringify(settings[key as keyof PlaneSettings]) === JSON.stringify(value),
    ),
  );
