/** What a system that is busy with other things may take from us at once. */
const PAUSE_MS = 50;

/** Tells whether something that is done many times is quick: within so many milliseconds on average, a pause now and then aside. */
export class LatencyBudget {
  private allowed = PAUSE_MS;

  constructor(private readonly meanMs: number) {}

  get hasBudgetLeft(): boolean {
    return this.allowed > 0;
  }

  /** Does it `times` times, and takes the time. */
  measure<T>(action: () => T, times = 1): T {
    const start = performance.now();
    try {
      return action();
    } finally {
      this.allowed += times * this.meanMs - (performance.now() - start);
    }
  }
}
