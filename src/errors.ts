import { oneLine } from './printable.js';

/**
 * A setting or argument in the text of an error, by its key, such as `batch` or `stages[1].epoch`. Whoever shows the error names it: by flag, key
 * or label.
 */
export interface SettingName {
  readonly setting: string;
}

export const setting = (key: string): SettingName => ({ setting: key });

type Part = string | SettingName;

/** A phrase of an error, in which settings and arguments have no name yet. */
export type Text = Part | readonly Part[];

/** Template tag of a phrase: text`set ${setting('ema')}`. */
export const text = (strings: TemplateStringsArray, ...values: readonly (Text | number)[]): Text =>
  strings.flatMap((part, index) => [part, ...(index < values.length ? partsOf(values[index]!) : [])]);

const partsOf = (phrase: Text | number): readonly Part[] => {
  if (typeof phrase === 'number') return [String(phrase)];
  return typeof phrase === 'string' || 'setting' in phrase ? [phrase] : phrase;
};

/** Returns the name by which a reader knows a setting or argument. */
export type NameOf = (key: string) => string;

/** Library users write settings by their keys. */
const keyItself: NameOf = (key) => key;

/** Returns a phrase with the names of its settings, printable and on one line. */
export const render = (phrase: Text, nameOf: NameOf = keyItself): string =>
  oneLine(
    partsOf(phrase)
      .map((part) => (typeof part === 'string' ? part : nameOf(part.setting)))
      .join(''),
  );

/** What an `InputError` says. */
export interface InputProblem {
  readonly about: Text;
  readonly problem: Text;
  readonly remedy?: Text;
}

/** An error that says what it is about, the problem and the remedy. It is shown as one line, without a stack trace. */
export class DescribedError extends Error {
  override readonly name: string = 'DescribedError';

  /**
   * @param about the setting, argument, file or value that is wrong
   * @param problem what is wrong with it, with the expected and the actual value
   * @param remedy what to do
   */
  constructor(
    readonly about: Text,
    readonly problem: Text,
    readonly remedy?: Text,
    options?: ErrorOptions,
  ) {
    super(`${render(about, keyItself)}: ${explain(problem, remedy, keyItself)}`, options);
  }

  /** What the error says, for another process or thread. */
  get data(): InputProblem {
    const { about, problem, remedy } = this;
    return { about, problem, ...(remedy === undefined ? {} : { remedy }) };
  }

  /** The key of the setting or argument that the error is about; undefined if it is about a file or another value. */
  get setting(): string | undefined {
    return partsOf(this.about).find((part) => typeof part === 'object')?.setting;
  }

  /** Returns the error as one line with other names of settings. */
  describe(nameOf: NameOf): string {
    return `${render(this.about, nameOf)}: ${this.explain(nameOf)}`;
  }

  /** Returns problem and remedy, to be shown beside what the error is about. */
  explain(nameOf: NameOf): string {
    return explain(this.problem, this.remedy, nameOf);
  }
}

/** An error that the caller can fix: the command line exits with status 2. All errors that are not described are defects. */
export class InputError extends DescribedError {
  override readonly name: string = 'InputError';

  /** Creates the error that another process or thread has described. */
  static from({ about, problem, remedy }: InputProblem): InputError {
    return new InputError(about, problem, remedy);
  }

  /** Returns the same error about what contains its subject, such as the file of a setting. */
  within(container: Text): InputError {
    const { about, problem, remedy, cause } = this;
    return new InputError(container, text`${about}: ${problem}`, remedy, cause === undefined ? undefined : { cause });
  }
}

/** Several errors at once, such as all wrong fields of a form. As one line, it is the first. */
export class InputErrors extends InputError {
  constructor(readonly errors: readonly [InputError, ...InputError[]]) {
    super(errors[0].about, errors[0].problem, errors[0].remedy);
  }
}

/** Returns the single errors of a thrown `InputError`. */
export const errorsOf = (error: InputError): readonly InputError[] =>
  error instanceof InputErrors ? error.errors : [error];

/** Runs all checks. @throws {InputError} with the errors of all that fail */
export function checkAll(checks: readonly (() => unknown)[]): void {
  const errors = checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      if (error instanceof InputError) return errorsOf(error);
      throw error;
    }
  });
  throwAll(errors);
}

/** @throws {InputError} if there are any errors */
export function throwAll([first, ...others]: readonly InputError[]): void {
  if (first !== undefined) throw others.length === 0 ? first : new InputErrors([first, ...others]);
}

const explain = (problem: Text, remedy: Text | undefined, nameOf: NameOf): string =>
  `${render(problem, nameOf)}${remedy === undefined ? '' : `; ${render(remedy, nameOf)}`}`;

/** Runs a check, and reports its `InputError` as one about `container`. */
export function checkWithin<T>(container: Text, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof InputError ? error.within(container) : error;
  }
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
