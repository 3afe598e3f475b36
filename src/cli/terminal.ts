import { styleText } from 'node:util';
import { escapeControls, jsonLine } from '../printable.js';
import { fitParts, fitWords, joinParts, type StatusPart } from './statusLine.js';

/** Of a status line, even if the terminal reports fewer. */
const MIN_COLUMNS = 20;
const DEFAULT_COLUMNS = 80;
const ERASE_LINE = '\r\x1b[2K';

type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> &
  Partial<Pick<NodeJS.WriteStream, 'getColorDepth'>> & { write(text: string): unknown };

/** Prints results on standard output, progress and notes on standard error. Escapes every string; no failed write ends a command. */
export class Terminal {
  private hasStatus = false;
  private errorsOf: string | undefined;

  /** @param json whether to omit human-readable results, because one JSON object follows */
  constructor(
    readonly json: boolean,
    private readonly output: Output = process.stdout,
    private readonly errors: Output = process.stderr,
  ) {}

  /** From now on prints nothing but errors, each after this name. */
  printErrorsOnly(name: string): void {
    this.errorsOf = name;
  }

  /** Whether standard error is a terminal. */
  get isLive(): boolean {
    return this.errors.isTTY;
  }

  get columns(): number {
    return this.errors.columns > 0 ? this.errors.columns : DEFAULT_COLUMNS;
  }

  readonly print = (line: string): void => {
    if (this.json || this.errorsOf !== undefined) return;
    this.endStatus();
    write(this.output, `${escapeControls(line)}\n`);
  };

  printObject(value: unknown): void {
    JSON.stringify(value, null, 2).split('\n').forEach(this.print);
  }

  printResult(result: unknown): void {
    if (this.errorsOf !== undefined) return;
    this.endStatus();
    write(this.output, `${jsonLine(result)}\n`);
  }

  /** Prints above the status line. */
  readonly note = (line: string): void => {
    if (this.errorsOf === undefined) this.error(line);
  };

  readonly error = (text: string): void => {
    const line = this.errorsOf === undefined ? text : `${this.errorsOf}: ${text}`;
    write(this.errors, `${this.hasStatus ? ERASE_LINE : ''}${escapeControls(line)}\n`);
    this.hasStatus = false;
  };

  /** On a terminal, replaces the previous status, without the parts and words that do not fit. */
  status(line: string | readonly StatusPart[]): void {
    if (this.errorsOf !== undefined) return;
    // One column is left free because some terminals wrap after the last.
    const columns = this.isLive ? Math.max(MIN_COLUMNS, this.columns) - 1 : Infinity;
    const shown =
      typeof line === 'string'
        ? fitWords(escapeControls(line), columns)
        : this.styled(fitParts(escaped(line), columns));
    write(this.errors, this.isLive ? `${ERASE_LINE}${shown}` : `${shown}\n`);
    this.hasStatus = this.isLive;
  }

  /** The color depth follows the variables NO_COLOR and FORCE_COLOR. */
  private styled(parts: readonly StatusPart[]) {
    const hasColors = this.isLive && (this.errors.getColorDepth?.() ?? 1) > 1;
    return joinParts(parts, ({ text, style }) =>
      hasColors && style ? styleText(style, text, { validateStream: false }) : text,
    );
  }

  showImage(sequence: string): void {
    if (!this.isLive || this.errorsOf !== undefined) return;
    this.endStatus();
    write(this.errors, `${sequence}\n`);
  }

  /** Leaves the last status line on the terminal and continues below it. */
  endStatus(): void {
    if (this.hasStatus) write(this.errors, '\n');
    this.hasStatus = false;
  }
}

const escaped = (parts: readonly StatusPart[]) => parts.map((part) => ({ ...part, text: escapeControls(part.text) }));

/** The first failure of standard output, except for a reader that closes early (`| head`). */
let lostOutput: NodeJS.ErrnoException | undefined;

export const outputFailure = () => lostOutput;

/** Keeps failed writes (full disk, closed reader or terminal) from ending the process. */
export function surviveLostOutput(): void {
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
export const writeHelp = (text: string): void => write(process.stdout, text);
export const writeHelpAsError = (text: string): void => write(process.stderr, text);
