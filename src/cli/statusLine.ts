export interface StatusPart {
  text: string;
  /** Parts with larger numbers are dropped first. */
  rank: number;
  /** Of `util.styleText`. */
  style?: 'green' | 'dim';
}

const SEPARATOR = '  ';

/** Characters that take two columns: East Asian scripts and emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

export const columnsOf = (text: string) =>
  [...text].reduce((columns, character) => columns + (WIDE.test(character) ? 2 : 1), 0);

/** The part of the lowest rank always fits, and each further one if all of lower rank do. */
export function fitParts(parts: readonly StatusPart[], columns: number) {
  const kept = new Set<StatusPart>();
  let width = -SEPARATOR.length;
  for (const part of [...parts].sort((a, b) => a.rank - b.rank)) {
    width += SEPARATOR.length + columnsOf(part.text);
    if (width > columns && kept.size > 0) break;
    kept.add(part);
  }
  return parts.filter((part) => kept.has(part));
}

export const joinParts = (parts: readonly StatusPart[], show: (part: StatusPart) => string) =>
  parts.map(show).join(SEPARATOR);

/** Returns the words of a line that fit, or the beginning of the first one. */
export function fitWords(line: string, columns: number) {
  if (columnsOf(line) <= columns) return line;
  const end = [...line.matchAll(/\s+/g)]
    .map(({ index }) => index)
    .findLast((index) => index > 0 && columnsOf(line.slice(0, index)) <= columns);
  return line.slice(0, end ?? columns);
}

/** `[====      ]`. */
export function progressBar(fraction: number, columns: number) {
  const cells = columns - 2;
  return `[${'='.repeat(Math.floor(Math.min(1, fraction) * cells)).padEnd(cells)}]`;
}
