import { describe, expect, it } from 'vitest';
import { watchCodes } from '../../src/training/collapse.js';
import type { TrainingEvent } from '../../src/training/events.js';

/** The warnings about iterations, of which each reports the variances of codes of images and of samples. */
async function warningsFor(variances: readonly (readonly [real: number, fake: number])[], margin = 0, first = 1) {
  const messages: string[] = [];
  const emit = (event: TrainingEvent) => {
    if (event.type === 'warning') messages.push(event.message);
    return Promise.resolve();
  };
  const watch = watchCodes({ margin });
  for (const [index, [real, fake]] of variances.entries()) {
    const scalars = { 'encoder.code_variance_real': real, 'encoder.code_variance_fake': fake };
    await watch(
      { type: 'iteration', report: { step: first + index, epoch: 0, learningRate: 1e-3, scalars } },
      { emit },
    );
  }
  return messages;
}

const steady = (count: number, real: number, fake: number) =>
  Array.from({ length: count }, (): [number, number] => [real, fake]);

describe('codes that collapse', () => {
  it('of samples are reported once, with the remedy', async () => {
    const warnings = await warningsFor([...steady(900, 0.8, 0.7), ...steady(900, 0.8, 0.1)]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^iteration 1\d\d\d: the codes of samples have collapsed to 0\.[23]\d* of the prior's variance; stop, set margin to 1, and/,
    );
    const [bounded] = await warningsFor(steady(600, 0.8, 0.1), 10);
    expect(bounded).toContain('set a lower margin');
  });

  it('of images are reported as well', async () => {
    expect(await warningsFor(steady(1000, 0.1, 0.1))).toEqual([
      expect.stringMatching(/codes of images have collapsed to 0\.10 .*raise the weight of KL_real in encoderUpdates/),
      expect.stringContaining('codes of samples have collapsed'),
    ]);
  });

  it('are reported when a run resumes, after a hundred iterations', async () => {
    expect(await warningsFor(steady(99, 0.8, 0.1), 0, 5000)).toEqual([]);
    expect(await warningsFor(steady(100, 0.8, 0.1), 0, 5000)).toHaveLength(1);
  });

  it('are no news in the first iterations, and single low values are none at all', async () => {
    expect(await warningsFor([...steady(400, 0.01, 0.01), ...steady(400, 0.8, 0.7)])).toEqual([]);
    const spiky = steady(2000, 0.8, 0.7).map((each, index): [number, number] => (index % 5 === 0 ? [0.8, 0.05] : each));
    expect(await warningsFor(spiky)).toEqual([]);
  });
});
