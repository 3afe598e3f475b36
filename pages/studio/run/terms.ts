/** Curves of a run, and their meanings. */
import type { Curve } from '../../components/chart.js';

/** Curves on one scale. */
export interface CurveGroup {
  title: string;
  meaning: string;
  curves: readonly Curve[];
}

/** The groups at the top of a run. */
export const MAIN_GROUPS: readonly CurveGroup[] = [
  {
    title: 'Reconstruction: match_x',
    meaning: 'Distance between images and their reconstructions g(e(x)). Lower is better.',
    curves: [
      { key: 'encoder.match_x', label: 'encoder', color: '--curve-1' },
      { key: 'generator.match_x', label: 'generator', color: '--curve-2' },
    ],
  },
  {
    title: 'Excess divergence: KL_real, KL_fake',
    meaning:
      'Divergence of a batch of codes from uniform codes, above its lower bound. KL_real (codes of images) falls. The networks compete for KL_fake (codes of samples): the encoder raises it, the generator lowers it.',
    curves: [
      { key: 'encoder.KL_real_gap', label: 'KL_real', color: '--curve-1' },
      { key: 'encoder.KL_fake_gap', label: 'KL_fake (enc.)', color: '--curve-2' },
      { key: 'generator.KL_fake_gap', label: 'KL_fake (gen.)', color: '--curve-3' },
    ],
  },
  {
    title: 'Latent reconstruction: match_z',
    meaning: 'Cosine between codes z and the codes of their samples, e(g(z)). Near 1 is better.',
    curves: [
      { key: 'generator.match_z_cosine', label: 'generator', color: '--curve-2' },
      { key: 'encoder.match_z_cosine', label: 'encoder', color: '--curve-1' },
    ],
  },
  {
    title: 'Spread: code_variance',
    meaning:
      'Variance of a batch of codes, relative to uniform codes: 1 if they fill the sphere, 0 if they gather in one place. Near 1 is better.',
    curves: [
      { key: 'encoder.code_variance_real', label: 'images', color: '--curve-1' },
      { key: 'encoder.code_variance_fake', label: 'samples', color: '--curve-2' },
    ],
  },
];

export const OTHER_GROUPS: readonly CurveGroup[] = [
  {
    title: 'Losses',
    meaning: 'The weighted sums that each network minimizes. The networks compete, so neither has to fall.',
    curves: [
      { key: 'encoder.loss', label: 'encoder', color: '--curve-1' },
      { key: 'generator.loss', label: 'generator', color: '--curve-2' },
    ],
  },
  {
    title: 'Distance of codes: match_z',
    meaning: 'The term match_z of the losses: a distance between codes z and e(g(z)). Lower is better.',
    curves: [
      { key: 'generator.match_z', label: 'generator', color: '--curve-2' },
      { key: 'encoder.match_z', label: 'encoder', color: '--curve-1' },
    ],
  },
  {
    title: 'Divergence: KL_real, KL_fake',
    meaning: 'The divergences themselves, including their lower bound.',
    curves: [
      { key: 'encoder.KL_real', label: 'KL_real', color: '--curve-1' },
      { key: 'encoder.KL_fake', label: 'KL_fake (enc.)', color: '--curve-2' },
      { key: 'generator.KL_fake', label: 'KL_fake (gen.)', color: '--curve-3' },
    ],
  },
  {
    title: 'uniform',
    meaning: 'Closeness of the codes of images, also when the divergence is at its lower bound. Lower is better.',
    curves: [{ key: 'encoder.uniform', label: 'encoder', color: '--curve-1' }],
  },
  {
    title: 'align',
    meaning:
      'Distance between the codes of an image and of a distorted copy. Lower is better: codes then depend on content.',
    curves: [{ key: 'encoder.align', label: 'encoder', color: '--curve-1' }],
  },
  {
    title: 'Gradient norms',
    meaning: 'Norms of the gradients. A sudden rise announces instability.',
    curves: [
      { key: 'encoder.grad_norm', label: 'encoder', color: '--curve-1' },
      { key: 'generator.grad_norm', label: 'generator', color: '--curve-2' },
    ],
  },
  {
    title: 'Speed',
    meaning: 'Iterations per second. Higher is better.',
    curves: [{ key: 'iterations_per_second', label: 'iterations per second', color: '--curve-1' }],
  },
  {
    title: 'Memory',
    meaning: 'Memory of the process in megabytes. It should stay constant.',
    curves: [{ key: 'memory_mb', label: 'MB', color: '--curve-1' }],
  },
  {
    title: 'Learning rate',
    meaning: 'Learning rate of Adam, by its schedule.',
    curves: [{ key: 'learning_rate', label: 'learning rate', color: '--curve-1' }],
  },
];

export const ALL_GROUPS: readonly CurveGroup[] = [...MAIN_GROUPS, ...OTHER_GROUPS];

/** Names of the metrics in the list of runs. */
export const LISTED_METRICS: Record<string, { name: string; meaning: string }> = {
  match_x: { name: 'Reconstruction', meaning: 'distance between images and their reconstructions; lower is better' },
  KL_real_gap: { name: 'Code gap', meaning: 'excess divergence of the codes of images; 0 if they are uniform' },
  code_variance: { name: 'Spread', meaning: 'variance of the codes of images; 1 if they fill the sphere' },
  iterations_per_second: { name: 'it/s', meaning: 'iterations per second' },
  fid: { name: 'FID', meaning: 'distance between samples and images; lower is better' },
};
