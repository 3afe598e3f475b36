/** Text that is safe to print: no characters that a terminal would interpret, one line, and not endless. */

/** Control characters (C0, DEL, C1) and characters that reorder or break lines: terminals interpret them instead of displaying them. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;

const NAMED_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const codeOf = (character: string): string => character.charCodeAt(0).toString(16);

/** Escapes every character that a terminal would interpret (`\n`, `\x1b`, `\u202e`), so that the text stays on one line. */
export const escapeControls = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => {
    const code = codeOf(character);
    return (
      NAMED_ESCAPES[character] ?? (code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`)
    );
  });

/** Formats a value as JSON on one line. Also escapes DEL, C1 and bidirectional controls, which `JSON.stringify` does not. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replace(UNPRINTABLE, (character) => `\\u${codeOf(character).padStart(4, '0')}`);

/** Joins the lines of a message, such as one from ONNX Runtime, into one line. */
export const oneLine = (text: string): string =>
  escapeControls(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join(' '),
  );

/** Maximum length of a printed reason, in characters. */
const MAX_REASON = 2000;

/** Removes the middle of a long reason, because messages quote their input, which may be an entire file. */
export function shortenReason(text: string): string {
  if (text.length <= MAX_REASON) return text;
  const half = MAX_REASON / 2;
  return `${text.slice(0, half)} [${text.length - MAX_REASON} more characters] ${text.slice(-half)}`;
}
