import type { ComputedValue, Value } from '../value.js';

/**
 * One way of computing something faster on some target. `apply` answers with the replacement of a value, of the same type and
 * shape, or undefined where the rule does not match. Rules match on operators, shapes and attributes, never on names of layers.
 */
export interface Rule {
  readonly name: string;
  /** Why the replacement is faster, in a sentence with its measured figure. */
  readonly reason: string;
  apply(value: ComputedValue): Value | undefined;
}
