import { toStoredOrder, nextName, fromStoredOrder } from '../lowering/stateLayout.js';
import type { ElementArray, TensorData } from '../value.js';
import type { Program } from './program.js';

/**
 * A program whose inputs of some names are state: each run reads it and replaces it by the outputs `next/NAME`. State passes from
 * one run to the next untouched by JavaScript: the runtime writes it over the old one where the graph allows that, else it stays as
 * the runtime returned it.
 */
export class StatefulProgram {
  private current: Record<string, Float32Array>;
  /** The arrays of states that are written in place, by the name of the output. */
  private readonly inPlace: Readonly<Record<string, Float32Array>>;

  constructor(
    private readonly program: Program,
    initial: Readonly<Record<string, Float32Array>>,
  ) {
    this.current = Object.fromEntries(Object.entries(initial).map(([name, vector]) => [name, this.copied(name, vector, toStoredOrder)]));
    const kept = Object.entries(this.current).filter(([name]) => program.signature.statesInPlace.has(name));
    this.inPlace = Object.fromEntries(kept.map(([name, vector]) => [nextName(name), vector]));
  }

  /** Runs one step. Returns the outputs that are not state. */
  async step(feeds: Readonly<Record<string, ElementArray>>): Promise<Record<string, TensorData>> {
    const results = await this.program.run({ ...feeds, ...this.current }, this.inPlace);
    for (const name of Object.keys(this.current)) {
      const next = results[nextName(name)];
      if (next === undefined) continue;
      this.current[name] = next.data as Float32Array;
      delete results[nextName(name)];
    }
    return results;
  }

  /** A copy of the state after the last step. */
  get state(): Readonly<Record<string, Float32Array>> {
    return Object.fromEntries(Object.entries(this.current).map(([name, vector]) => [name, this.copied(name, vector, fromStoredOrder)]));
  }

  private copied(name: string, vector: Float32Array, convert: typeof toStoredOrder): Float32Array {
    const layout = this.program.signature.stateLayouts.get(name);
    return layout ? convert(layout, vector) : vector.slice();
  }

  /** Writes the profile, where the program was compiled with one. */
  endProfiling(): void {
    this.program.endProfiling();
  }

  release(): Promise<void> {
    return this.program.release();
  }
}
