/** Requests that arrive faster than a network computes. */
import { useEffect, useRef } from 'preact/hooks';

/**
 * Runs an action when its inputs change. Only the latest change waits while it runs.
 * @param isReady whether it can run at all
 */
export function useLatest(
  isReady: boolean,
  action: () => Promise<void>,
  onFailure: (error: unknown) => void,
  inputs: readonly unknown[],
): void {
  const state = useRef<{ running: boolean; next: (() => Promise<void>) | undefined }>({
    running: false,
    next: undefined,
  });
  useEffect(() => {
    if (!isReady) return;
    state.current.next = action;
    if (state.current.running) return;
    state.current.running = true;
    const start = async (): Promise<void> => {
      while (state.current.next) {
        const { next } = state.current;
        state.current.next = undefined;
        await next();
      }
    };
    void start()
      .catch(onFailure)
      .finally(() => (state.current.running = false));
  }, [isReady, ...inputs]);
}
