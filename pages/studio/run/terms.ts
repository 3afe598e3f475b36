/** Curves of a run. */
import { LOG_LABELS } from '../../../src/studio/labels.js';
import type { ChartPoint, Curve } from '../../components/chart.js';

/** A curve of a run. */
export interface RunCurve extends Curve {
  /** How a curve is drawn that is the same for the other network, which it replaces. */
  shared?: Pick<Curve, 'label' | 'color'>;
}

/** Curves on one scale. */
export interface CurveGroup {
  title: string;
  /** In the log. */
  names: string;
  meaning: string;
  curves: readonly RunCurve[];
}

const ENCODER = { label: 'encoder', color: '--curve-1' };
const GENERATOR = { label: 'generator', color: '--curve-2' };
const IMAGES = { label: 'images', color: '--curve-1' };
const SAMPLES = { label: 'samples', color: '--curve-2' };
const [SAMPLES_ENCODER, SAMPLES_GENERATOR] = [
  { label: 'samples (enc.)', color: '--curve-2' },
  { label: 'samples (gen.)', color: '--curve-3', isDashed: true, shared: SAMPLES },
];
/** A term of both losses has a color of its own, as in the playground. */
const both = (color: string) => [ENCODER, { ...GENERATOR, shared: { label: 'both networks', color } }];
const [IMAGE_COLOR, CODE_COLOR] = ['--curve-3', '--curve-4'];

/** A value of the log, of each given network. */
const valueOf = (
  name: keyof typeof LOG_LABELS,
  networks: readonly Pick<RunCurve, 'label' | 'color' | 'shared'>[],
): CurveGroup => ({
  title: LOG_LABELS[name].label,
  names: name,
  meaning: LOG_LABELS[name].meaning,
  curves: networks.map((network, index) => ({
    ...network,
    key: `${network.label}.${name}`,
    isDashed: index > 0,
  })),
});

/** A value of the log that no network has. */
const valueOfRun = (name: keyof typeof LOG_LABELS, label: string): CurveGroup => ({
  ...valueOf(name, []),
  curves: [{ key: name, label, color: '--curve-1' }],
});

/** The groups at the top of a run. */
export const MAIN_GROUPS: readonly CurveGroup[] = [
  valueOf('match_x', both(IMAGE_COLOR)),
  {
    title: 'Excess divergence',
    names: 'KL_real_gap, KL_fake_gap',
    meaning:
      'Divergence of a batch of codes from uniform codes, above its lower bound. That of images (KL_real) falls. The networks compete for that of samples (KL_fake): the encoder raises it, the generator lowers it.',
    curves: [
      { ...IMAGES, key: 'encoder.KL_real_gap' },
      { ...SAMPLES_ENCODER, key: 'encoder.KL_fake_gap' },
      { ...SAMPLES_GENERATOR, key: 'generator.KL_fake_gap' },
    ],
  },
  valueOf('match_z_cosine', both(CODE_COLOR)),
  {
    ...valueOf('code_variance', []),
    curves: [
      { ...IMAGES, key: 'encoder.code_variance_real' },
      { ...SAMPLES, key: 'encoder.code_variance_fake' },
    ],
  },
];

export const OTHER_GROUPS: readonly CurveGroup[] = [
  valueOf('loss', [ENCODER, GENERATOR]),
  valueOf('match_z', both(CODE_COLOR)),
  {
    title: 'Divergence',
    names: 'KL_real, KL_fake',
    meaning: 'The divergences themselves, including their lower bound.',
    curves: [
      { ...IMAGES, key: 'encoder.KL_real' },
      { ...SAMPLES_ENCODER, key: 'encoder.KL_fake' },
      { ...SAMPLES_GENERATOR, key: 'generator.KL_fake' },
    ],
  },
  valueOf('uniform', [ENCODER]),
  valueOf('align', [ENCODER]),
  valueOf('grad_norm', [ENCODER, GENERATOR]),
  valueOfRun('iterations_per_second', 'iterations per second'),
  valueOfRun('memory_mb', 'MB'),
  valueOfRun('learning_rate', 'learning rate'),
];

export const ALL_GROUPS: readonly CurveGroup[] = [...MAIN_GROUPS, ...OTHER_GROUPS];

/**
 * Returns the curves of which a run has values. Those of two networks that learn simultaneously are the same, and are
 * one curve.
 */
export function distinctCurves(curves: readonly RunCurve[], points: readonly ChartPoint[]): readonly RunCurve[] {
  const last = points.at(-1);
  const present = curves.filter(({ key }) => last === undefined || key in last.values);
  const areSame = (one: RunCurve, other: RunCurve): boolean =>
    points.length > 0 && points.every(({ values }) => values[one.key] === values[other.key]);
  const [first, second] = present.slice(-2);
  if (!second?.shared || !areSame(first!, second)) return present;
  return present.slice(0, -1).map((curve) => (curve === first ? { ...curve, ...second.shared } : curve));
}
