/**
 * An error that the caller can mend: its message is one line that says what was wrong, where, and what would be right.
 * The command line prints the message alone and exits with status 2; every other error is a defect and keeps its stack.
 */
export class InputError extends Error {
  override readonly name: string = 'InputError';
}

/** The name in `known` nearest to `given` (at most a third of its letters differ), for "did you mean" in messages. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** Levenshtein distance between two short strings. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
