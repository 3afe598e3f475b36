import { intoLayout, nextName, outOfLayout } from '../lowering/stateLayout.js';
import type { ElementArray, TensorData } from '../value.js';
import type { Program } from './program.js';

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
    this.current = Object.fromEntries(Object.entries(initial).map(([name, vector]) => [name, this.converted(name, vector, intoLayout)]));
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
    return Object.fromEntries(Object.entries(this.current).map(([name, vector]) => [name, this.converted(name, vector, outOfLayout)]));
  }

  private converted(name: string, vector: Float32Array, convert: typeof intoLayout): Float32Array {
    const layout = this.program.stateLayouts.get(name);
    return layout ? convert(layout, vector) : vector;
  }

  /** Writes the profile, where the program was compiled with one. */
  endProfiling(): void {
    this.program.endProfiling();
  }

  release(): Promise<void> {
    return this.program.release();
  }
}
