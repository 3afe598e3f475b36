import type { ContextEntry } from '../metric.js';
import { fid, frechetFeatureDistance } from './fid.js';
import { neighborhoods, precisionRecall } from './precisionRecall.js';

const ofOnePass = (name: string) => ({ meaning: `${name}, for samples g(z) of the prior that are not refined` });

export const onePass: ContextEntry = {
  group: 'samples',
  dependsOn: ['extractor', 'images'],
  needs: ['features', 'onePass'],
  metrics: {
    fid_one_pass: {
      ...fid.metrics.fid!,
      ...ofOnePass('FID'),
      goodValue: 'MNIST: 7.6 by default, 3.4 with the preset concentrated',
      dependsOn: ['imageCount', 'sampleCount'],
    },
    precision_one_pass: {
      ...precisionRecall.metrics.precision!,
      ...ofOnePass('precision'),
      dependsOn: [neighborhoods],
    },
    recall_one_pass: { ...precisionRecall.metrics.recall!, ...ofOnePass('recall'), dependsOn: [neighborhoods] },
  },
  compute: async (context) => {
    const real = (await context.images()).extracted!.features;
    const generated = (await context.priorSamples()).extracted!.features;
    const { metrics, protocol } = precisionRecall.compareFeatures(real, generated, context.subject.seed);
    const { precision, recall } = metrics;
    return {
      metrics: {
        fid_one_pass: frechetFeatureDistance(real, generated),
        precision_one_pass: precision!,
        recall_one_pass: recall!,
      },
      ...(protocol && { protocol }),
    };
  },
};
