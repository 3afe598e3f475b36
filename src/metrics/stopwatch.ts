/** How long the phases of a work take. */
export class Stopwatch {
  private readonly taken: Record<string, number> = {};

  /** Does something, and adds the time to its phase. */
  async time<T>(phase: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.taken[phase] = (this.taken[phase] ?? 0) + (performance.now() - start) / 1000;
    }
  }

  /** Seconds by phase, in the order in which they ended, to a tenth. */
  get seconds(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(this.taken).map(([phase, seconds]) => [phase, Math.round(10 * seconds) / 10]));
  }
}
