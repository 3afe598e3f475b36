/** The charts of the plane. A term has one color in charts and arrows. */
import type { Curve } from '../../components/chart.js';
import { TERM_COLORS } from './arrows.js';

export const DIVERGENCES: readonly Curve[] = [
  { key: 'encoder.KL_real_excess', label: 'KL_real', color: TERM_COLORS.KL_real },
  { key: 'encoder.KL_fake_excess', label: 'KL_fake (encoder)', color: TERM_COLORS.KL_fake },
  { key: 'generator.KL_fake_excess', label: 'KL_fake (generator)', color: '--curve-5' },
];
export const MATCHES: readonly Curve[] = [
  { key: 'encoder.match_x', label: 'match_x', color: TERM_COLORS.match_x },
  { key: 'generator.match_z_excess', label: 'match_z', color: TERM_COLORS.match_z },
];
export const LOSSES: readonly Curve[] = [
  { key: 'encoder.loss', label: 'encoder', color: '--curve-1' },
  { key: 'generator.loss', label: 'generator', color: '--curve-5' },
  { key: 'encoder.uniform', label: 'uniform', color: TERM_COLORS.uniform },
];
