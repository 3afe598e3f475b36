/** The only place that writes to standard output and standard error, so that every string printed is escaped and no failed write ends a command. */

import { styleText } from 'node:util';
import { fitParts, fitWords, joinParts, type StatusPart } from './statusLine.js';

/** Control characters (C0, DEL, C1) and those that reorder or break lines: a terminal would act on them instead of showing them. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;

const NAMED_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const codeOf = (character: string): string => character.charCodeAt(0).toString(16);

/** Text in which every character that a terminal would act on is spelled out (`\n`, `\x1b`, `\u202e`): it takes one line and changes no other. */
export const escapeControls = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => {
    const code = codeOf(character);
    return NAMED_ESCAPES[character] ?? (code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`);
  });

/** JSON on one line. JSON itself leaves DEL, C1 and bidirectional controls as they are. */
export const jsonLine = (value: unknown): string => JSON.stringify(value).replace(UNPRINTABLE, (character) => `\\u${codeOf(character).padStart(4, '0')}`);

/** A message of several lines, such as one of ONNX Runtime, as one. */
export const oneLine = (text: string): string =>
  escapeControls(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join(' '),
  );

/** Longest reason that is printed, in characters. */
const MAX_REASON = 2000;

/** A reason without its middle if it is longer than anybody reads: messages repeat what was given, which may be a whole file. */
export function shortenReason(text: string): string {
  if (text.length <= MAX_REASON) return text;
  const half = MAX_REASON / 2;
  return `${text.slice(0, half)} [${text.length - MAX_REASON} more characters] ${text.slice(-half)}`;
}

/** Shortest status line that is worth drawing, in columns, if the terminal claims to be narrower. */
const MIN_COLUMNS = 20;
/** Columns of a terminal that does not report them. */
const DEFAULT_COLUMNS = 80;
const ERASE_LINE = '\r\x1b[2K';

/** What a stream offers that a terminal writes to. */
type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & Partial<Pick<NodeJS.WriteStream, 'getColorDepth'>> & { write(text: string): unknown };

/** What a command prints on: results on standard output, progress and remarks on standard error. */
export class Terminal {
  private hasStatus = false;

  /** @param json whether results for people are left out, because one JSON object follows */
  constructor(
    readonly json: boolean,
    private readonly output: Output = process.stdout,
    private readonly errors: Output = process.stderr,
  ) {}

  /** Whether somebody watches: status lines are then redrawn in place. */
  get isLive(): boolean {
    return this.errors.isTTY;
  }

  /** Prints a line of results for people; nothing under `--json`. */
  readonly print = (line: string): void => {
    if (this.json) return;
    this.endStatus();
    write(this.output, `${escapeControls(line)}\n`);
  };

  /** Prints an object as indented JSON for people; nothing under `--json`. */
  printObject(value: unknown): void {
    JSON.stringify(value, null, 2).split('\n').forEach(this.print);
  }

  /** Prints the JSON object that ends standard output under `--json`. */
  printResult(result: unknown): void {
    this.endStatus();
    write(this.output, `${jsonLine(result)}\n`);
  }

  /** Prints a remark on standard error, above the status line. */
  readonly note = (line: string): void => {
    write(this.errors, `${this.hasStatus ? ERASE_LINE : ''}${escapeControls(line)}\n`);
    this.hasStatus = false;
  };

  /**
   * Shows the progress of something: on a terminal in place of the last status, elsewhere as a line. On a terminal, parts and words that do not
   * fit are left out.
   */
  status(line: string | readonly StatusPart[]): void {
    const text = typeof line === 'string' ? escapeControls(line) : joinParts(line, ({ text }) => escapeControls(text));
    write(this.errors, this.isLive ? `${ERASE_LINE}${typeof line === 'string' ? fitWords(text, this.columns) : this.styled(line)}` : `${text}\n`);
    this.hasStatus = this.isLive;
  }

  /** Columns of a status line; one is left free because some terminals wrap after the last. */
  private get columns(): number {
    return Math.max(MIN_COLUMNS, this.errors.columns || DEFAULT_COLUMNS) - 1;
  }

  /** Returns the parts that fit, in color if the terminal and the variables NO_COLOR and FORCE_COLOR allow it. */
  private styled(parts: readonly StatusPart[]): string {
    const hasColors = (this.errors.getColorDepth?.() ?? 1) > 1;
    const escaped = parts.map((part) => ({ ...part, text: escapeControls(part.text) }));
    return joinParts(fitParts(escaped, this.columns), ({ text, style }) => (hasColors && style ? styleText(style, text, { validateStream: false }) : text));
  }

  /** Leaves the last status line on the terminal and continues below it. */
  endStatus(): void {
    if (this.hasStatus) write(this.errors, '\n');
    this.hasStatus = false;
  }
}

/** The first failure of standard output other than a reader that has seen enough (`| head`). */
let lostOutput: NodeJS.ErrnoException | undefined;

/** Why standard output did not take everything that was printed, if so. */
export const outputFailure = (): NodeJS.ErrnoException | undefined => lostOutput;

/** Keeps failing writes (a full disk, a reader that ended, a closed terminal) from ending the process. Called once, before anything is printed. */
export function surviveLostOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lostOutput ??= error;
  });
  process.stderr.on('error', () => undefined);
}

function write(stream: Output, text: string): void {
  try {
    stream.write(text);
  } catch (error) {
    // Some streams throw at once instead of emitting the error.
    if (stream === process.stdout) lostOutput ??= error as NodeJS.ErrnoException;
  }
}

/** Writes text that is the program's own, such as its help, as it is. */
export const writeHelp = (text: string): void => write(process.stdout, text);
export const writeHelpAsError = (text: string): void => write(process.stderr, text);
