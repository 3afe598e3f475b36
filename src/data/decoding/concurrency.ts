/**
 * Runs an action for each of the numbers 0 to count - 1, at most `limit` at a time. Starts no further ones after one has failed or the
 * signal was given, and settles when none is under way; rejects with the first failure.
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
