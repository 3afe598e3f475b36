/** Control characters (C0, DEL, C1), and those that reorder or break lines. Terminals interpret them. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;

const NAMED_ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const unicodeEscape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Escapes characters as `\n`, `\x1b` or `\u202e`, so that the text stays on one line. */
export const escapeControls = (text: string) =>
  text.replace(
    UNPRINTABLE,
    (character) => NAMED_ESCAPES[character] ?? unicodeEscape(character).replace('\\u00', '\\x'),
  );

/** Formats a value as JSON that is safe to print. */
export const jsonLine = (value: unknown) => JSON.stringify(value).replace(UNPRINTABLE, unicodeEscape);

/** Joins the lines of a message, for example of ONNX Runtime. */
export const oneLine = (text: string) =>
  escapeControls(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join(' '),
  );

const MAX_REASON = 2000;

/** Removes the middle of a long reason, which may quote an entire file. */
export function shortenReason(text: string) {
  if (text.length <= MAX_REASON) return text;
  const half = MAX_REASON / 2;
  return `${text.slice(0, half)} [${text.length - MAX_REASON} more characters] ${text.slice(-half)}`;
}
