import { describe, expect, it } from 'vitest';
import { distinctCurves, MAIN_GROUPS } from '../../pages/studio/run/terms.js';

/** Points whose values are those of the iterations. */
const points = (...values: Record<string, number>[]) =>
  values.map((each, index) => ({ step: index + 1, values: each }));
const labels = (title: string, shown: ReturnType<typeof points>) =>
  distinctCurves(MAIN_GROUPS.find((group) => group.title === title)!.curves, shown).map(({ label }) => label);

describe('distinctCurves', () => {
  it('joins curves that both networks have in common', () => {
    const same = points(
      { 'encoder.match_x': 0.5, 'generator.match_x': 0.5 },
      { 'encoder.match_x': 0.4, 'generator.match_x': 0.4 },
    );
    expect(labels('Reconstruction error', same)).toEqual(['both networks']);
    const divergences = points({ 'encoder.KL_real_gap': 1, 'encoder.KL_fake_gap': 2, 'generator.KL_fake_gap': 2 });
    expect(labels('Excess divergence', divergences)).toEqual(['images', 'samples']);
  });

  it('keeps curves that differ anywhere', () => {
    const differing = points(
      { 'encoder.match_x': 0.5, 'generator.match_x': 0.5 },
      { 'encoder.match_x': 0.4, 'generator.match_x': 0.3 },
      { 'encoder.match_x': 0.2, 'generator.match_x': 0.2 },
    );
    expect(labels('Reconstruction error', differing)).toEqual(['encoder', 'generator']);
    const divergences = points({ 'encoder.KL_real_gap': 2, 'encoder.KL_fake_gap': 2, 'generator.KL_fake_gap': 1 });
    expect(labels('Excess divergence', divergences)).toEqual(['images', 'samples (enc.)', 'samples (gen.)']);
  });

  it('keeps all curves until there are points, and only those with values after it', () => {
    expect(labels('Reconstruction error', [])).toEqual(['encoder', 'generator']);
    expect(labels('Reconstruction error', points({ 'encoder.match_x': 0.5 }))).toEqual(['encoder']);
  });
});
