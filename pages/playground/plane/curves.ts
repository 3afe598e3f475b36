/** The charts of the plane. A term has one color in charts and arrows. */
import type { CurveChart } from '../training/curves.js';
import { TERM_COLORS } from './arrows.js';

export const CHARTS: readonly CurveChart[] = [
  {
    title: 'Excess divergence',
    meaning: 'How far codes of data (KL_real) and of samples (KL_fake) are from uniform.',
    curves: [
      { key: 'encoder.KL_real_excess', label: 'data', color: TERM_COLORS.KL_real },
      { key: 'encoder.KL_fake_excess', label: 'samples (e)', color: TERM_COLORS.KL_fake },
      { key: 'generator.KL_fake_excess', label: 'samples (g)', color: '--curve-5', isDashed: true },
    ],
    isLog: true,
  },
  {
    title: 'Reconstruction error',
    meaning: 'How far data (match_x) and codes (match_z) are from their reconstructions.',
    curves: [
      { key: 'encoder.match_x', label: 'data', color: TERM_COLORS.match_x },
      { key: 'generator.match_z_excess', label: 'codes', color: TERM_COLORS.match_z },
    ],
    isLog: true,
  },
  {
    title: 'Losses',
    meaning: 'What each network minimizes, and the term that keeps codes of data apart (uniform).',
    curves: [
      { key: 'encoder.loss', label: 'encoder', color: '--text' },
      { key: 'generator.loss', label: 'generator', color: '--muted', isDashed: true },
      { key: 'encoder.uniform', label: 'uniform', color: TERM_COLORS.uniform },
    ],
    isLog: false,
  },
];
