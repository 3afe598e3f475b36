/** Cosines between codes, from the losses of a log. */
import type { RunDetail } from '../../../src/studio/schemas.js';
import type { ChartPoint } from '../../components/chart.js';

/** M of a run whose match_z is 2 minus the mean product of coordinates; undefined if it is another distance. */
export function cosineLatent(detail: RunDetail | undefined): number | undefined {
  const { matchZ, latent } = detail?.configuration ?? {};
  return matchZ === 'cos' && typeof latent === 'number' ? latent : undefined;
}

/**
 * Adds the mean cosine M (2 - match_z) between codes z and e(g(z)) to each point with match_z.
 * @param latent M, or undefined without cosines
 */
export function withCosines(points: readonly ChartPoint[], latent: number | undefined): readonly ChartPoint[] {
  if (latent === undefined) return points;
  return points.map(({ step, values }) => {
    const cosines = Object.entries(values).flatMap(([key, value]) => {
      const [, name, suffix] = /^(.*\.match_z)( mean)?$/u.exec(key) ?? [];
      return name === undefined ? [] : [[`${name}_cosine${suffix ?? ''}`, latent * (2 - value)]];
    });
    return { step, values: { ...values, ...(Object.fromEntries(cosines) as Record<string, number>) } };
  });
}
