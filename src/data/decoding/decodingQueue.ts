/** Numbers from 0 to count - 1 that are to be taken once each: in order, but before others those that somebody waits for. */
export class DecodingQueue {
  private readonly taken: Uint8Array;
  private urgent: number[] = [];
  private next = 0;

  constructor(private readonly count: number) {
    this.taken = new Uint8Array(count);
  }

  /** Puts a number before those that nobody waits for. */
  prioritize(index: number): void {
    if (this.taken[index] === 0) this.urgent.push(index);
  }

  /** The next number, or undefined when all were taken. */
  take(): number | undefined {
    const index = this.takeUrgent() ?? this.takeInOrder();
    if (index !== undefined) this.taken[index] = 1;
    return index;
  }

  private takeUrgent(): number | undefined {
    while (this.urgent.length > 0) {
      const index = this.urgent.shift()!;
      if (this.taken[index] === 0) return index;
    }
    return undefined;
  }

  private takeInOrder(): number | undefined {
    while (this.next < this.count && this.taken[this.next] === 1) this.next++;
    return this.next < this.count ? this.next : undefined;
  }
}
