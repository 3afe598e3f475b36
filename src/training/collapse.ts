import { setting, text } from '../errors.js';
import type { Configuration } from './configuration.js';
import { messageEvent, type Subscriber } from './events.js';

/** Fresh networks map all inputs to similar codes, which spread within this many iterations. */
const BEGIN = 500;
/** Iterations of a running mean. */
const WINDOW = 100;
/** Relative to the variance of the prior. The default recipe keeps above 0.6 on digits. */
const COLLAPSED = 0.3;

/** @param variance of codes, relative to the variance of the prior */
export const hasCollapsed = (step: number, variance: number): boolean => step >= BEGIN && variance < COLLAPSED;

/** Warns once each if the codes of images or of samples collapse towards a point. */
export function watchCodes({ margin }: Pick<Configuration, 'margin'>): Subscriber {
  const remedies = {
    real: text`raise the weight of KL_real in ${setting('encoderUpdates')}`,
    fake: margin === 0 ? text`set ${setting('margin')} to 1` : text`set a lower ${setting('margin')}`,
  };
  const watched = (['real', 'fake'] as const).map((kind) => ({ kind, mean: 0, count: 0, isReported: false }));
  return async (event, { emit }) => {
    if (event.type !== 'iteration') return;
    const { step, scalars } = event.report;
    for (const codes of watched) {
      const variance = scalars[`encoder.code_variance_${codes.kind}`];
      if (variance === undefined) continue;
      codes.count++;
      codes.mean += (variance - codes.mean) / Math.min(codes.count, WINDOW);
      if (codes.isReported || codes.count < WINDOW || !hasCollapsed(step, codes.mean)) continue;
      codes.isReported = true;
      const of = codes.kind === 'real' ? 'images' : 'samples';
      const problem = `iteration ${step}: the codes of ${of} have collapsed to ${codes.mean.toPrecision(2)} of the prior's variance`;
      await emit(messageEvent('warning', text`${problem}; stop, ${remedies[codes.kind]}, and resume or start again`));
    }
  };
}
