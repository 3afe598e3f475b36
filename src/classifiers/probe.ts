import { InputError } from '../errors.js';
import { randomStream } from '../random.js';
import type { ProbeMethod } from './fittedProbe.js';
import { allIndices } from '../model/imageChunks.js';
import { drawBalancedLabels, gatherLabels } from './labels.js';
import { type LabelTrial, createProbeRunner, type ProberOptions, type TestedProbe } from './probeRunner.js';

export interface ProbeOptions extends ProberOptions {
  /** Numbers of labels, multiples of the number of classes, or `all`. */
  readonly labels: readonly (number | 'all')[];
  /** How often labels are drawn; all of them are taken once. */
  readonly draws: number;
  readonly methods: readonly ProbeMethod[];
  /**
   * Whether the probabilities of the first draw's classifier of each kind are calibrated on held-out labels, which fits it again up to five
   * times; of no use to accuracies. Default false.
   */
  readonly calibrate?: boolean;
  readonly onResult?: (result: ProbeResult) => void;
  /** Called with each classifier that was fitted, and the part of the test labels that it meets. */
  readonly onFit?: (fit: TestedProbe & { readonly labels: number; readonly draw: number }) => void;
}

/** Accuracy on the test images: mean and standard deviation (divided by the number) over the draws. */
export interface ProbeResult {
  readonly labels: number;
  readonly method: ProbeMethod;
  readonly accuracy: number;
  readonly std: number;
}

/**
 * Accuracy on the test images from few labels, for each number of labels and each method.
 * @throws InputError for data without labels or with one class, and for more labels than there are
 */
export async function probe(options: ProbeOptions): Promise<ProbeResult[]> {
  const { source, labels: asked, draws, methods, seed, calibrate = false, onResult, onFit } = options;
  const { train, name, classes } = source;
  if (train.labels === null || classes === null) throw new InputError(`${name}: has no labels, which a probe is trained and tested by`);
  if (classes < 2) throw new InputError(`${name}: has a single class, but at least 2 are needed`);
  if (source.test.count === 0) throw new InputError(`${name}: has no test images`);
  for (const count of asked) {
    if (count !== 'all' && count > train.count) throw new InputError(`--labels ${count}: ${name} has ${train.count} labelled training images`);
  }
  const drawn = asked.map((count) =>
    Array.from({ length: count === 'all' ? 1 : draws }, (_, number): LabelTrial => {
      const places =
        count === 'all' ? allIndices(train.count) : drawBalancedLabels(train.labels!, count, randomStream(seed, `labels ${count}`, number), classes);
      return { places, labels: gatherLabels(train.labels!, places), seed: seed + number, calibrate: calibrate && number === 0 };
    }),
  );
  const results: ProbeResult[] = [];
  for (const method of methods) {
    const prober = await createProbeRunner(method, options, classes);
    try {
      for (const draws of drawn) {
        const accuracies: number[] = [];
        for (const [number, draw] of draws.entries()) {
          const tested = await prober.fitAndTest(draw);
          accuracies.push(tested.accuracy);
          onFit?.({ ...tested, labels: draw.places.length, draw: number });
        }
        const result = { labels: draws[0]!.places.length, method, ...spreadOf(accuracies) };
        onResult?.(result);
        results.push(result);
      }
    } finally {
      await prober.release();
    }
  }
  return results;
}

function spreadOf(values: readonly number[]): { accuracy: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { accuracy: mean, std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}
