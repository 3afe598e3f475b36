/** The charts of the plane. */
import type { Curve } from '../../components/chart.js';
import { divergenceBound, type PlaneReport } from './training.js';

export const DIVERGENCES: readonly Curve[] = [
  { key: 'encoder.KL_real_excess', label: 'KL_real', color: '--curve-1' },
  { key: 'encoder.KL_fake_excess', label: 'KL_fake (encoder)', color: '--curve-2' },
  { key: 'generator.KL_fake_excess', label: 'KL_fake (generator)', color: '--curve-3' },
];
export const MATCHES: readonly Curve[] = [
  { key: 'encoder.match_x', label: 'match_x', color: '--curve-1' },
  { key: 'generator.match_z_excess', label: 'match_z', color: '--curve-2' },
];
export const LOSSES: readonly Curve[] = [
  { key: 'encoder.loss', label: 'encoder', color: '--curve-1' },
  { key: 'generator.loss', label: 'generator', color: '--curve-2' },
  { key: 'encoder.uniform', label: 'uniform', color: '--curve-3' },
];

/** The smallest excess on a logarithmic scale. */
const MIN_EXCESS = 1e-5;

/** Adds the divergences above their lower bound, and match_z above its value for equal codes. */
export function withExcess(report: PlaneReport, latent: 2 | 3): Record<string, number> {
  const bounds = {
    'encoder.KL_real': divergenceBound(latent),
    'encoder.KL_fake': divergenceBound(latent),
    'generator.KL_fake': divergenceBound(latent),
    'generator.match_z': 2 - 1 / latent,
  };
  const excess = Object.entries(bounds).map(([name, bound]) => [
    `${name}_excess`,
    Math.max(MIN_EXCESS, report[name]! - bound),
  ]);
  return { ...report, ...(Object.fromEntries(excess) as Record<string, number>) };
}
