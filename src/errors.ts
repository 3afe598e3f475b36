/**
 * An error that the caller can fix. Its message is one line: the subject, the problem, and what to do. The command line prints only the
 * message and exits with status 2. Every other error is a defect and keeps its stack.
 */
export class InputError extends Error {
  override readonly name: string = 'InputError';
}

/** The message of a thrown value. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Longer names are not misspellings, and their distances would take long to compute. */
const MAX_NAME = 100;

/** Returns the name in `known` that is nearest to `given` for "did you mean", or undefined if more than a third of its letters differ. */
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

/** Returns the number of letters to insert, drop, change or swap with their neighbor that turns one string into the other. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [above, row] = [rows[i - 1]!, [i]];
    for (let j = 1; j <= b.length; j++) {
      const substitution = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(substitution, swap, above[j]! + 1, row[j - 1]! + 1));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

const MAX_QUOTED = 40;

/** Quotes text of a file for a one-line message: truncated, with `?` for everything but printable ASCII. */
export function quoted(text: string): string {
  const shown = text.slice(0, MAX_QUOTED).replace(/[^\x20-\x7e]/g, '?');
  return `"${shown}${text.length > MAX_QUOTED ? '...' : ''}"`;
}
