import { classProbabilities, fitLogisticRegression, predictClasses } from '../../classifiers/logisticRegression.js';
import { attributesIn, type ConditionAttribute } from '../../conditions/attributes.js';
import { type Features, gatherRows } from '../../numerics/features.js';
import { applyScale, fitStandardizer } from '../../numerics/standardizer.js';
import { randomStream, shuffledIndices } from '../../random.js';
import type { EvaluationContext } from '../evaluationContext.js';
import type { ContextEntry } from '../metric.js';

const isDefinedFor = ({ condition = '' }: { condition?: string }) => condition.startsWith('attributes:');

/** Whether a model with attributes uses them. */
export const attributes: ContextEntry = {
  group: 'samples',
  dependsOn: ['extractor', 'images', 'imageCount', 'refinement'],
  metrics: {
    attribute_accuracy: {
      meaning:
        'fraction of samples in which a linear probe finds the value of an attribute that they were drawn for: mean over its values, and over attributes with classes',
      better: 'higher',
      range: '0 to 1',
      goodValue: 'the accuracy of the probes on images, in details.by_attribute',
      reference: 'logistic regression on the features of half of the images; samples have the attributes of images',
      isDefinedFor,
    },
    attribute_correlation: {
      meaning:
        'correlation of a number among the attributes with what a linear probe finds in samples, mean over numbers',
      better: 'higher',
      range: '-1 to 1',
      goodValue: 'that of the probes on images, in details.by_attribute',
      reference: 'the mean of ten ranges of equal counts, weighted by the probabilities of logistic regression',
      isDefinedFor,
    },
  },
  needs: ['features'],
  compute: async (context) => {
    if (!hasAttributes(context)) return { metrics: {} };
    const real = (await context.images()).extracted!.features;
    const generated = (await context.samples()).extracted!.features;
    const found = probeAttributes(context, real, [
      { name: 'samples', features: generated, rows: context.sampleRows() },
    ]);
    const meanOf = (isNumber: boolean) => {
      const own = found
        .filter(({ attribute }) => 'low' in attribute === isNumber)
        .flatMap(({ scores: { samples } }) => samples ?? []);
      return own.reduce((sum, score) => sum + score, 0) / own.length;
    };
    const metrics = { attribute_accuracy: meanOf(false), attribute_correlation: meanOf(true) };
    return {
      metrics: Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value))),
      details: { by_attribute: Object.fromEntries(found.map(({ attribute, scores }) => [attribute.name, scores])) },
    };
  },
};

/** Whether codes leave the attributes to the condition. */
export const attributesInCodes: ContextEntry = {
  group: 'latent',
  dependsOn: ['images', 'imageCount', 'codes'],
  metrics: {
    attributes_in_codes: {
      meaning:
        'fraction of images in whose codes e(x, y) a linear probe finds the value of an attribute: mean over its values, and over attributes with classes',
      better: 'lower',
      range: '0 to 1',
      goodValue: '1 / (number of values), as in details.attributes_in_codes: codes leave attributes to the condition',
      reference: 'logistic regression on half of the codes, tested on the others',
      isDefinedFor,
    },
  },
  needs: ['codes'],
  compute: async (context) => {
    if (!hasAttributes(context)) return { metrics: {} };
    const { codes } = await context.images();
    const found = probeAttributes(context, codes, []);
    const classes = found.filter(({ attribute }) => 'values' in attribute);
    if (classes.length === 0) return { metrics: {} };
    return {
      metrics: { attributes_in_codes: classes.reduce((sum, { scores }) => sum + scores.images, 0) / classes.length },
      details: {
        attributes_in_codes: Object.fromEntries(
          found.map(({ attribute, scores }) => [
            attribute.name,
            { codes: scores.images, ...('values' in attribute && { chance: 1 / attribute.values.length }) },
          ]),
        ),
      },
    };
  },
};

const hasAttributes = ({ subject: { model, source } }: EvaluationContext) =>
  model.condition !== undefined && source.descriptions !== undefined;

interface Probed {
  name: string;
  features: Features;
  /** Of the images whose attributes they should have. */
  rows: Uint32Array;
}

interface FoundAttribute {
  attribute: ConditionAttribute;
  /** Balanced accuracies, or correlations of a number: on images that the probe has not seen, and on what is probed. */
  scores: Record<string, number> & { images: number };
}

/** Ranges that stand for a number. */
const RANGES = 10;

/** Fits a probe per attribute on a half of the images. */
function probeAttributes(context: EvaluationContext, features: Features, probed: readonly Probed[]): FoundAttribute[] {
  const { source, split } = context.subject;
  const descriptions = Array.from(context.indices, source[split].describe!);
  const order = shuffledIndices(descriptions.length, randomStream(0, 'halves of the images'));
  const scale = fitStandardizer(features);
  return attributesIn(source.descriptions!).flatMap((attribute) => {
    const values = descriptions.map(({ [attribute.name]: value = '' }) => value);
    const known = order.filter((row) => values[row] !== '');
    const half = Math.floor(known.length / 2);
    const [fitted, tested] = [known.slice(0, half), known.slice(half)];
    const labelOf = 'values' in attribute ? classLabels(attribute.values) : rangeLabels(values);
    const labels = Array.from(fitted, (row) => labelOf(values[row]!));
    if (new Set(labels).size < 2 || tested.length === 0) return [];
    const classes = 'values' in attribute ? attribute.values.length : RANGES;
    const probe = fitLogisticRegression(applyScale(scale, gatherRows(features, fitted)), labels, { classes });
    const scoreOf = (own: Features, wanted: readonly string[]) => {
      const scaled = applyScale(scale, own);
      if ('values' in attribute) return balancedAccuracy(predictClasses(probe, scaled), wanted.map(labelOf));
      const probabilities = classProbabilities(probe, scaled);
      const expected = wanted.map((_, row) =>
        probabilities.subarray(row * RANGES, (row + 1) * RANGES).reduce((sum, share, range) => sum + share * range, 0),
      );
      return correlationOf(expected, wanted.map(Number));
    };
    const scores = {
      images: scoreOf(
        gatherRows(features, tested),
        Array.from(tested, (row) => values[row]!),
      ),
      ...Object.fromEntries(
        probed.flatMap(({ name, features: own, rows }) => {
          const wanted = Uint32Array.from(Array.from(rows.keys()).filter((at) => values[rows[at]!] !== ''));
          if (wanted.length === 0) return [];
          const wantedValues = Array.from(wanted, (at) => values[rows[at]!]!);
          return [[name, scoreOf(gatherRows(own, wanted), wantedValues)]];
        }),
      ),
    };
    return [{ attribute, scores }];
  });
}

const classLabels = (values: readonly string[]) => (value: string) => values.indexOf(value);

/** Ranges with about equal counts. */
function rangeLabels(values: readonly string[]) {
  const sorted = values
    .filter((value) => value !== '')
    .map(Number)
    .sort((a, b) => a - b);
  const bounds = Array.from(
    { length: RANGES - 1 },
    (_, index) => sorted[Math.floor(((index + 1) * sorted.length) / RANGES)]!,
  );
  return (value: string) => bounds.filter((bound) => Number(value) >= bound).length;
}

/** The mean recall over the labels that occur, so that a frequent one is not found by always guessing it. */
function balancedAccuracy(found: ArrayLike<number>, wanted: readonly number[]) {
  const recalls = [...new Set(wanted)].map((label) => {
    const rows = Array.from(wanted.keys()).filter((row) => wanted[row] === label);
    return rows.filter((row) => found[row] === label).length / rows.length;
  });
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
}

/** Pearson's, or 0 if all values are equal. */
function correlationOf(a: readonly number[], b: readonly number[]) {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [centeredA, centeredB] = [a, b].map((values) => {
    const mean = meanOf(values);
    return values.map((value) => value - mean);
  }) as [number[], number[]];
  const product = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, at) => sum + value * y[at]!, 0);
  const scale = Math.sqrt(product(centeredA, centeredA) * product(centeredB, centeredB));
  return scale === 0 ? 0 : Math.min(1, Math.max(-1, product(centeredA, centeredB) / scale));
}
