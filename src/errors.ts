/**
 * An error that the caller can mend: its message is one line that says what was wrong, where, and what would be right.
 * The command line prints the message alone and exits with status 2; every other error is a defect and keeps its stack.
 */
export class InputError extends Error {
  override readonly name: string = 'InputError';
}

/** Longer names are no misspellings; their distances would take long to compute. */
const MAX_NAME = 100;

/** The name in `known` nearest to `given` (at most a third of its letters differ), for "did you mean" in messages. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  if (given.length > MAX_NAME) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** How many letters must be inserted, dropped, changed or swapped with their neighbour to make one short string of another. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [above, row] = [rows[i - 1]!, [i]];
    for (let j = 1; j <= b.length; j++) {
      const substitution = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(substitution, swap, above[j]! + 1, row[j - 1]! + 1));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
