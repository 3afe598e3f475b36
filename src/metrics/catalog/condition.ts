import { accuracyOf } from '../../classifiers/labels.js';
import { fitLogisticRegression, predictClasses } from '../../classifiers/logisticRegression.js';
import { argmaxRows, type Features, gatherRows, rowsByLabel } from '../../numerics/features.js';
import { randomStream, shuffledIndices } from '../../random.js';
import type { ContextEntry } from '../metric.js';
import { frechetFeatureDistance } from './fid.js';

const isConditional = ({ classes = [] }: { classes?: readonly string[] }) => classes.length > 0;

/** Whether a conditional model uses its condition. */
export const condition: ContextEntry = {
  group: 'samples',
  dependsOn: ['extractor', 'images', 'refinement'],
  metrics: {
    condition_accuracy: {
      meaning:
        'fraction of samples of a conditional model that the classifier assigns to the class they were drawn for',
      better: 'higher',
      range: '0 to 1',
      goodValue: 'the test accuracy of the classifier; about 1 / K if the model ignores its condition',
      reference: 'samples have each class as often as the images',
      isDefinedFor: isConditional,
    },
  },
  needs: ['features', 'probabilities'],
  compute: async (context) => {
    const labels = context.labels();
    const { features, probabilities } = (await context.samples()).extracted!;
    if (labels === null || probabilities === undefined) return { metrics: {} };
    const wanted = Uint8Array.from(context.sampleRows(), (row) => labels[row]!);
    const found = argmaxRows(probabilities);
    const real = (await context.images()).extracted!.features;
    const classes = context.subject.model.condition!.shape[0]!;
    const [rowsOfImages, rowsOfSamples] = [rowsByLabel(labels, classes), rowsByLabel(wanted, classes)];
    const byClass = rowsOfImages.map((ofImages, label) => {
      const ofSamples = rowsOfSamples[label]!;
      return {
        samples: ofSamples.length,
        ...(ofSamples.length > 0 && { accuracy: accuracyOf(gather(found, ofSamples), gather(wanted, ofSamples)) }),
        ...(Math.min(ofImages.length, ofSamples.length) >= MIN_ROWS && {
          fid: frechetFeatureDistance(gatherRows(real, ofImages), gatherRows(features, ofSamples)),
        }),
      };
    });
    return { metrics: { condition_accuracy: accuracyOf(found, wanted) }, details: { by_class: byClass } };
  },
};

/** For a Gaussian that is not mostly noise. */
const MIN_ROWS = 100;

const gather = (values: ArrayLike<number>, rows: ArrayLike<number>) => Array.from(rows, (row) => values[row]!);

export const conditionInCodes: ContextEntry = {
  group: 'latent',
  dependsOn: ['images', 'imageCount', 'codes'],
  metrics: {
    condition_in_codes: {
      meaning:
        'accuracy with which a linear probe finds the class of an image of a conditional model in its code e(x, y)',
      better: 'lower',
      range: '0 to 1',
      goodValue: 'the fraction of the most frequent class: the code leaves the class to the condition',
      reference: 'logistic regression on half of the codes, tested on the others',
      isDefinedFor: isConditional,
    },
  },
  needs: ['codes'],
  compute: async (context) => {
    const labels = context.labels();
    if (labels === null || new Set(labels).size < 2) return { metrics: {} };
    const { codes } = await context.images();
    return {
      metrics: { condition_in_codes: probeAccuracy(codes, labels, context.subject.model.condition!.shape[0]!) },
    };
  },
};

function probeAccuracy(codes: Features, labels: Uint8Array, classes: number) {
  const order = shuffledIndices(labels.length, randomStream(0, 'halves of the codes'));
  const half = Math.floor(order.length / 2);
  const halfFrom = (first: number) => {
    const rows = order.slice(first, first + half);
    // Coordinates of codes on the sphere have the variance 1 / M.
    const features = { ...codes, data: gatherRows(codes, rows).data.map((value) => value * Math.sqrt(codes.width)) };
    return { features, labels: gather(labels, rows) };
  };
  const [fitted, tested] = [halfFrom(0), halfFrom(half)];
  const probe = fitLogisticRegression(fitted.features, fitted.labels, { classes });
  return accuracyOf(predictClasses(probe, tested.features), tested.labels);
}
