const LONGEST = 40;

/** Text that a file holds, in quotation marks for the one line of a message: cut short, and with `?` for all but printable ASCII. */
export function quoted(text: string): string {
  const shown = text.slice(0, LONGEST).replace(/[^\x20-\x7e]/g, '?');
  return `"${shown}${text.length > LONGEST ? '...' : ''}"`;
}
