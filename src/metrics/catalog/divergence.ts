import { divergence, minDivergence } from '../../age/divergences.js';
import { graphOf, input } from '../../engine/index.js';
import type { Features } from '../../numerics/features.js';
import { type ContextEntry, protocolValue, realAndFake, realAndFakeValues } from '../metric.js';

/** Codes of the nearest-neighbor divergence, whose memory is quadratic. */
const MAX_NEAREST_CODES = 1000;

export const codeDivergence: ContextEntry = {
  group: 'latent',
  dependsOn: ['codes', protocolValue('divergence', (protocol) => protocol.divergence)],
  metrics: realAndFake({
    divergence: {
      meaning: 'the divergence from the prior that training optimizes, of all codes as one batch',
      better: 'none',
      range: 'from a lower bound that depends on the divergence and its options',
      goodValue: 'its lower bound, where divergence_gap is 0',
      reference: 'docs/method.md, with the divergence, moment and reduction of the run',
    },
    divergence_gap: {
      meaning: 'the divergence minus the lowest value that it can have',
      better: 'lower',
      range: '0 or more',
      goodValue: '0 if the codes have the mean and the variances of the prior',
      reference: 'divergence minus its minimum over all distributions of codes',
      isDefinedFor: ({ divergence: name }) => name !== 'nearest',
    },
  }),
  needs: ['codes'],
  compute: async (context) => {
    const { model, divergence: options, compile } = context.subject;
    const score = async ({ data, width }: Features) => {
      const codes = data.subarray(0, options.divergence === 'nearest' ? MAX_NEAREST_CODES * width : undefined);
      const graph = graphOf({ value: divergence(input('codes', [codes.length / width, width]), options) });
      const program = await compile(graph);
      const { value } = await program.run({ codes: Float32Array.from(codes) });
      await program.release();
      const result = (value!.data as Float32Array)[0]!;
      const bound = minDivergence(options, model.prior, width);
      return { divergence: result, ...(bound !== undefined && { divergence_gap: result - bound }) };
    };
    const real = await score((await context.images()).codes);
    const fake = await score((await context.priorSamples()).recovered);
    return { metrics: realAndFakeValues(real, fake), protocol: { divergence: options } };
  },
};
