/**
 * Calls an action with the indices 0 to count - 1, at most `limit` at a time. After a failure or an abort it starts no further calls, and
 * rejects with the first failure when the calls in progress have settled.
 */
export async function forEachConcurrently(count: number, limit: number, action: (index: number) => Promise<void>, signal?: AbortSignal): Promise<void> {
  let next = 0;
  const work = async () => {
    try {
      while (next < count) {
        signal?.throwIfAborted();
        await action(next++);
      }
    } catch (error) {
      next = count;
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, count) }, work));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
