import { describe, expect, it } from 'vitest';
import { drawCodes, normalizeInPlace, type Prior } from '../../src/age/prior.js';
import { splitInMemory } from '../../src/data/source.js';
import type { EvaluationContext } from '../../src/metrics/evaluationContext.js';
import { METRIC_ENTRIES, metricNamed } from '../../src/metrics/registry.js';
import type { Features } from '../../src/numerics/features.js';
import { randomStream } from '../../src/random.js';
import { compileOnOneThread } from '../metrics/tinyClassifier.js';

const [COUNT, LATENT, CLASSES] = [300, 12, 3];
const rows = (codeAt: (row: number) => Float32Array): Features => ({
  data: Float32Array.from(Array.from({ length: COUNT }, (_, row) => Array.from(codeAt(row))).flat()),
  width: LATENT,
});

/** Codes as a trained, collapsed or broken encoder returns them. */
function codeSets(prior: Prior): Record<string, Features> {
  const stream = randomStream(7, 'degenerate codes');
  const points = drawCodes(prior, COUNT, LATENT, stream);
  const point = (index: number) => points.slice(index * LATENT, (index + 1) * LATENT);
  const opposite = point(0).map((value) => -value);
  const moved = (code: Float32Array, by: number) => {
    const noise = stream.fillNormal(new Float32Array(LATENT));
    const result = code.map((value, index) => value + by * noise[index]!);
    if (prior === 'sphere') normalizeInPlace(result);
    return result;
  };
  const axis = (row: number) => Float32Array.from({ length: LATENT }, (_, index) => (index === row % LATENT ? 1 : 0));
  return {
    'as the prior': rows(point),
    constant: rows(() => point(0)),
    'constant but for rounding': rows(() => moved(point(0), 1e-8)),
    'nearly constant': rows(() => moved(point(0), 1e-4)),
    'two points': rows((row) => point(row % 2)),
    'two opposite points': rows((row) => (row % 2 === 0 ? point(0) : opposite)),
    'one point and an outlier': rows((row) => point(row === 5 ? 1 : 0)),
    'on one axis': rows(() => axis(0)),
    'on all axes': rows(axis),
    ...(prior === 'normal' && { zero: rows(() => new Float32Array(LATENT)) }),
  };
}

/** Probabilities of classes for features. */
const probabilitiesOf = ({ data, width }: Features): Features => ({
  data: Float32Array.from({ length: COUNT * CLASSES }, (_, index) => {
    const row = Math.floor(index / CLASSES) * width;
    const powers = [0, 1, 2].map((label) => Math.exp(8 * data[row + label]!));
    return powers[index % CLASSES]! / powers.reduce((sum, power) => sum + power, 0);
  }),
  width: CLASSES,
});

const LABELS = Uint8Array.from({ length: COUNT }, (_, index) => index % CLASSES);

const DESCRIPTIONS = Array.from(LABELS, (label, index) => ({ kind: `kind ${label}`, size: `${(index % 50) / 50}` }));

/** What an evaluation prepares, made of codes that also serve as features. */
function contextOf(prior: Prior, real: Features, fake: Features): EvaluationContext {
  const extracted = (features: Features) => ({ features, probabilities: probabilitiesOf(features) });
  const images = new Uint8Array(4 * COUNT);
  const context: Partial<Record<keyof EvaluationContext, unknown>> = {
    labels: () => LABELS,
    sampleRows: () => Uint32Array.from({ length: COUNT }, (_, index) => COUNT - 1 - index),
    indices: Uint32Array.from(LABELS.keys()),
    shape: [1, 2, 2],
    subject: {
      model: { prior, latentSize: LATENT, condition: { shape: [CLASSES] } },
      divergence: { divergence: 'qp', moment: 'std', reduction: 'mean' },
      source: {
        train: { ...splitInMemory(images, 4, null), describe: (index: number) => DESCRIPTIONS[index]! },
        descriptions: DESCRIPTIONS,
      },
      split: 'train',
      compile: compileOnOneThread,
      count: COUNT,
      seed: 0,
    },
    images: () => Promise.resolve({ codes: real, extracted: extracted(real) }),
    samples: () => Promise.resolve({ images, extracted: extracted(fake) }),
    priorSamples: () => Promise.resolve({ codes: real, recovered: fake, extracted: extracted(fake) }),
    testFeatures: () => Promise.resolve(real),
    trainingFeatures: () => Promise.resolve({ features: real, indices: Uint32Array.from(real.data.keys()) }),
    decodedFeatures: (codes: Features) => Promise.resolve(codes),
  };
  return context as unknown as EvaluationContext;
}

async function valuesOf(prior: Prior, real: Features, fake: Features): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const entry of METRIC_ENTRIES) {
    if ('compute' in entry) Object.assign(values, (await entry.compute(contextOf(prior, real, fake))).metrics);
    else if ('compareFeatures' in entry) Object.assign(values, entry.compareFeatures(real, fake, 0).metrics);
  }
  return values;
}

/** The bounds that the definition of a metric states. */
function boundsOf(name: string, prior: Prior): [least: number, most: number] {
  const { range } = metricNamed(name)!;
  const onSphere = prior === 'sphere' ? /on the sphere (.*)/.exec(range)?.[1] : undefined;
  const stated = onSphere ?? range;
  const [, least, most] = /^(-?\d+) (?:or more|to (?:the number of classes )?(\w+))/.exec(stated) ?? [];
  const named = { M: LATENT, N: COUNT, K: CLASSES } as Record<string, number>;
  return [Number(least ?? -Infinity), most === undefined ? Infinity : (named[most] ?? Number(most))];
}

describe.each(['sphere', 'normal'] as const)('metrics of codes under the %s prior', (prior) => {
  const sets = codeSets(prior);
  it.each(Object.keys(sets))('are in the ranges that they state: %s', async (name) => {
    const violations: string[] = [];
    for (const [other, fake] of Object.entries(sets)) {
      for (const [metric, value] of Object.entries(await valuesOf(prior, sets[name]!, fake))) {
        const [least, most] = boundsOf(metric, prior);
        if (!(value >= least && value <= most)) violations.push(`${metric} against ${other}: ${value}`);
      }
    }
    expect(violations.join('\n')).toBe('');
  });

  it('detect a collapse', async () => {
    for (const collapsed of ['constant', 'constant but for rounding']) {
      const values = await valuesOf(prior, sets['as the prior']!, sets[collapsed]!);
      expect(values.effective_rank_fake).toBe(1);
      expect(values.code_variance_fake).toBeLessThan(1e-12);
      if (prior === 'sphere') expect(values.mean_resultant_length_fake).toBeCloseTo(1, 12);
    }
  });
});
