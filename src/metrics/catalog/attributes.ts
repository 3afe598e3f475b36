import { classProbabilities, fitLogisticRegression, predictClasses } from '../../classifiers/logisticRegression.js';
import { attributesIn, type ConditionAttribute } from '../../conditions/attributes.js';
import { type Features, gatherRows, meanOf, sumOf } from '../../numerics/features.js';
import { dot } from '../../numerics/matrixProduct.js';
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
    const found = probeAttributes(context, real, { features: generated, rows: context.sampleRows() });
    const meanScore = (isNumber: boolean) => {
      const own = found.filter(({ attribute }) => 'low' in attribute === isNumber);
      return meanOf(own.flatMap(({ scores: { samples } }) => samples ?? []));
    };
    const metrics = { attribute_accuracy: meanScore(false), attribute_correlation: meanScore(true) };
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
    const found = probeAttributes(context, codes);
    const classes = found.filter(({ attribute }) => 'values' in attribute);
    if (classes.length === 0) return { metrics: {} };
    return {
      metrics: { attributes_in_codes: meanOf(classes.map(({ scores }) => scores.images)) },
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

interface FoundAttribute {
  attribute: ConditionAttribute;
  /** Balanced accuracies, or correlations of a number: on images that the probe has not seen, and on samples. */
  scores: { images: number; samples?: number };
}

/** Ranges that stand for a number. */
const RANGES = 10;

/**
 * Fits a probe per attribute on a half of the images.
 * @param samples and the images, by their rows, whose attributes they should have
 */
function probeAttributes(
  context: EvaluationContext,
  features: Features,
  samples?: { features: Features; rows: Uint32Array },
): FoundAttribute[] {
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
    const scoreOf = (own: Features, images: Uint32Array) => {
      const [scaled, wanted] = [applyScale(scale, own), Array.from(images, (row) => values[row]!)];
      if ('values' in attribute) return balancedAccuracy(predictClasses(probe, scaled), wanted.map(labelOf));
      const probabilities = classProbabilities(probe, scaled);
      const expected = wanted.map((_, row) =>
        sumOf(probabilities.subarray(row * RANGES, (row + 1) * RANGES).map((share, range) => share * range)),
      );
      return correlationOf(expected, wanted.map(Number));
    };
    const { features: generated = features, rows = new Uint32Array() } = samples ?? {};
    const wanted = Uint32Array.from(rows.keys()).filter((sample) => values[rows[sample]!] !== '');
    const scores = {
      images: scoreOf(gatherRows(features, tested), tested),
      ...(wanted.length > 0 && {
        samples: scoreOf(
          gatherRows(generated, wanted),
          wanted.map((sample) => rows[sample]!),
        ),
      }),
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
  return meanOf(recalls);
}

/** Pearson's, or 0 if all values are equal. */
function correlationOf(a: readonly number[], b: readonly number[]) {
  const [centeredA, centeredB] = [a, b].map((values) => {
    const mean = meanOf(values);
    return values.map((value) => value - mean);
  }) as [number[], number[]];
  const scale = Math.sqrt(dot(centeredA, centeredA) * dot(centeredB, centeredB));
  return scale === 0 ? 0 : Math.min(1, Math.max(-1, dot(centeredA, centeredB) / scale));
}
