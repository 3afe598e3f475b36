import type { ElementArray, TensorType } from '../value.js';

/** A tensor as a runtime wants it: elements in memory and what they mean. */
export interface TensorBuffer extends TensorType {
  readonly data: ElementArray;
}

/** One compiled model in a runtime. One run at a time. */
export interface Executor {
  /**
   * Runs the model once.
   * @param inputs all of them, by name
   * @param outputs by name: the array that the output is written to, which may be an input's as well, or its type alone
   * @returns the outputs that no array was given for
   */
  readonly run: (
    inputs: Readonly<Record<string, TensorBuffer>>,
    outputs: Readonly<Record<string, TensorBuffer | TensorType>>,
  ) => Promise<Readonly<Record<string, ElementArray>>>;
  readonly release: () => Promise<void>;
  /** Writes the profile, where one is recorded. */
  readonly endProfiling: () => void;
}

/** Whether an output has an array to be written to. */
export const hasBuffer = (output: TensorBuffer | TensorType): output is TensorBuffer => 'data' in output;
