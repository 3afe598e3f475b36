import { styleText } from 'node:util';
import { escapeControls, jsonLine } from '../printable.js';
import { fitParts, fitWords, joinParts, type StatusPart } from './statusLine.js';

/** Of a status line, even if the terminal reports fewer. */
const MIN_COLUMNS = 20;
const DEFAULT_COLUMNS = 80;
const ERASE_LINE = '\r\x1b[2K';

type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> &
  Partial<Pick<NodeJS.WriteStream, 'getColorDepth'>> & { write(text: string): unknown };

const SILENT: Output = { isTTY: false, columns: 0, write: () => undefined };

/**
 * Prints results on standard output, progress and notes on standard error. Escapes every string; no failed write ends a
 * command.
 */
export class Terminal {
  private hasStatus = false;
  private prefix = '';
  private notes: Output;

  /** @param json whether one JSON object replaces human-readable results */
  constructor(
    readonly json: boolean,
    private output: Output = process.stdout,
    private readonly errors: Output = process.stderr,
  ) {
    this.notes = errors;
  }

  /** From now on prints only errors, each after this name. */
  printErrorsOnly(name: string) {
    this.prefix = `${name}: `;
    this.output = this.notes = SILENT;
  }

  /** Whether status lines are redrawn in place. */
  get isLive() {
    return this.notes.isTTY;
  }

  get columns() {
    return this.notes.columns > 0 ? this.notes.columns : DEFAULT_COLUMNS;
  }

  readonly print = (line: string) => {
    if (this.json) return;
    this.endStatus();
    write(this.output, `${escapeControls(line)}\n`);
  };

  printObject(value: unknown) {
    JSON.stringify(value, null, 2).split('\n').forEach(this.print);
  }

  printResult(result: unknown) {
    this.endStatus();
    write(this.output, `${jsonLine(result)}\n`);
  }

  /** Prints above the status line. */
  readonly note = (line: string) => this.printAbove(this.notes, line);

  readonly error = (line: string) => this.printAbove(this.errors, `${this.prefix}${line}`);

  private printAbove(stream: Output, line: string) {
    write(stream, `${this.hasStatus ? ERASE_LINE : ''}${escapeControls(line)}\n`);
    this.hasStatus = false;
  }

  /** On a terminal, replaces the previous status, and drops parts and words that do not fit. */
  status(line: string | readonly StatusPart[]) {
    // One column is left free because some terminals wrap after the last.
    const columns = this.isLive ? Math.max(MIN_COLUMNS, this.columns) - 1 : Infinity;
    const shown =
      typeof line === 'string'
        ? fitWords(escapeControls(line), columns)
        : this.styled(fitParts(line.map(escaped), columns));
    write(this.notes, this.isLive ? `${ERASE_LINE}${shown}` : `${shown}\n`);
    this.hasStatus = this.isLive;
  }

  /** The color depth follows the variables NO_COLOR and FORCE_COLOR. */
  private styled(parts: readonly StatusPart[]) {
    const hasColors = this.isLive && (this.notes.getColorDepth?.() ?? 1) > 1;
    return joinParts(parts, ({ text, style }) =>
      hasColors && style ? styleText(style, text, { validateStream: false }) : text,
    );
  }

  /** Displays an image below the last status line. */
  showImage(sequence: string) {
    if (!this.isLive) return;
    this.endStatus();
    write(this.notes, `${sequence}\n`);
  }

  /** Leaves the last status line on the terminal and continues below it. */
  endStatus() {
    if (this.hasStatus) write(this.notes, '\n');
    this.hasStatus = false;
  }
}

const escaped = (part: StatusPart) => ({ ...part, text: escapeControls(part.text) });

/** The first failure of standard output, except for a reader that closes early (`| head`). */
let lostOutput: NodeJS.ErrnoException | undefined;

export const outputFailure = () => lostOutput;

/** Keeps failed writes (full disk, closed reader or terminal) from ending the process. */
export function surviveLostOutput() {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lostOutput ??= error;
  });
  process.stderr.on('error', () => undefined);
}

function write(stream: Output, text: string) {
  try {
    stream.write(text);
  } catch (error) {
    // Some streams throw synchronously instead of emitting the error.
    if (stream === process.stdout) lostOutput ??= error as NodeJS.ErrnoException;
  }
}

/** Does not escape the text. */
export const writeHelp = (text: string) => write(process.stdout, text);
export const writeHelpAsError = (text: string) => write(process.stderr, text);
