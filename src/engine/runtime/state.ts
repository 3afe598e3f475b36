import type { ElementArray, TensorData } from '../value.js';
import type { Program } from './program.js';

/** The output that holds the next value of the state input `name`. */
export const nextName = (name: string): string => `next/${name}`;

/**
 * A program whose inputs of some names are state: each run reads it and replaces it by the outputs `next/NAME`. State passes from
 * one run to the next as the runtime returned it, untouched by JavaScript.
 */
export class StatefulProgram {
  private current: Record<string, Float32Array>;

  constructor(
    private readonly program: Program,
    initial: Readonly<Record<string, Float32Array>>,
  ) {
    this.current = { ...initial };
  }

  /** Runs one step. Returns the outputs that are not state. */
  async step(feeds: Readonly<Record<string, ElementArray>>): Promise<Record<string, TensorData>> {
    const results = await this.program.run({ ...feeds, ...this.current });
    for (const name of Object.keys(this.current)) {
      this.current[name] = results[nextName(name)]!.data as Float32Array;
      delete results[nextName(name)];
    }
    return results;
  }

  /** The state after the last step. The arrays are not written again: a later step makes new ones. */
  get state(): Readonly<Record<string, Float32Array>> {
    return { ...this.current };
  }

  release(): Promise<void> {
    return this.program.release();
  }
}
