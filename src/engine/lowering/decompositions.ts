import type { Rule } from './rule.js';

/** Puts an operator's definition in its place, for operators that were kept whole only to be differentiated. */
export const expandDefinitions: Rule = {
  name: 'expand-definitions',
  reason: "ORT's own BatchNormalization in training mode takes three times as long as its parts, which the gradient shares",
  apply: ({ operator, inputs, attributes }) => operator.decomposition?.(inputs, attributes),
};
