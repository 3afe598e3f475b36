/** States that can be undone. */

export const MAX_STEPS = 100;

export interface History<T> {
  /** The oldest first. */
  past: readonly T[];
  present: T;
  /** The next first. */
  future: readonly T[];
  /** Whether the next state replaces the present one, for example while a slider is dragged. */
  isOpen: boolean;
}

export const beginHistory = <T>(present: T): History<T> => ({ past: [], present, future: [], isOpen: false });

/** Adds a state, or replaces an open one. Nothing can be redone then. */
export const record = <T>({ past, present, isOpen }: History<T>, next: T, staysOpen = false): History<T> => ({
  past: isOpen ? past : [...past, present].slice(-MAX_STEPS),
  present: next,
  future: [],
  isOpen: staysOpen,
});

/** Ends the replacement of the present state. */
export const settle = <T>(history: History<T>): History<T> => ({ ...history, isOpen: false });

export function undo<T>({ past, present, future }: History<T>): History<T> {
  if (past.length === 0) return { past, present, future, isOpen: false };
  return { past: past.slice(0, -1), present: past.at(-1)!, future: [present, ...future], isOpen: false };
}

export function redo<T>({ past, present, future }: History<T>): History<T> {
  const [next, ...rest] = future;
  if (next === undefined) return { past, present, future, isOpen: false };
  return { past: [...past, present], present: next, future: rest, isOpen: false };
}
