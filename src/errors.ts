import { oneLine } from './printable.js';

/** A setting or argument by its key, such as `batch` or `stages[1].epoch`; shown as a flag, a key or a label. */
export interface SettingName {
  setting: string;
}

export const setting = (key: string): SettingName => ({ setting: key });

type Part = string | SettingName;

/** A phrase of an error, before its settings and arguments are named. */
export type Text = Part | readonly Part[];

/** Template tag: text`set ${setting('ema')}`. */
export const text = (strings: TemplateStringsArray, ...values: readonly (Text | number)[]): Text =>
  strings.flatMap((part, index) => [part, ...(index < values.length ? partsOf(values[index]!) : [])]);

const partsOf = (phrase: Text | number): readonly Part[] => {
  if (typeof phrase === 'number') return [String(phrase)];
  return typeof phrase === 'string' || 'setting' in phrase ? [phrase] : phrase;
};

/** Returns the name by which a reader knows a setting or argument. */
export type NameOf = (key: string) => string;

/** Returns a phrase with the names of its settings (default: keys), printable and on one line. */
export const render = (phrase: Text, nameOf: NameOf = (key) => key) =>
  oneLine(
    partsOf(phrase)
      .map((part) => (typeof part === 'string' ? part : nameOf(part.setting)))
      .join(''),
  );

/** The text of an `InputError`. */
export interface InputProblem {
  about: Text;
  problem: Text;
  remedy?: Text;
}

/** An error that is shown as one line, without a stack trace. */
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
    super(`${render(about)}: ${explain(problem, remedy)}`, options);
  }

  /** For another process or thread. */
  get data(): InputProblem {
    const { about, problem, remedy } = this;
    return { about, problem, ...(remedy === undefined ? {} : { remedy }) };
  }

  /** The key of the setting or argument that is wrong, if any. */
  get setting(): string | undefined {
    return partsOf(this.about).find((part) => typeof part === 'object')?.setting;
  }

  /** Whether it names a setting or argument. */
  mentions(key: string) {
    return [this.about, this.problem, this.remedy ?? ''].some((phrase) =>
      partsOf(phrase).some((part) => typeof part === 'object' && part.setting === key),
    );
  }

  /** Returns the message with other names of settings. */
  describe(nameOf: NameOf) {
    return `${render(this.about, nameOf)}: ${this.explain(nameOf)}`;
  }

  /** Returns problem and remedy, for display beside what is wrong. */
  explain(nameOf: NameOf) {
    return explain(this.problem, this.remedy, nameOf);
  }
}

/** An error that the caller can fix: the command line exits with status 2. */
export class InputError extends DescribedError {
  override readonly name: string = 'InputError';

  /** Creates an error from its `data`. */
  static from({ about, problem, remedy }: InputProblem) {
    return new InputError(about, problem, remedy);
  }

  /** Returns the same error about what contains its subject, such as the file of a setting. */
  within(container: Text) {
    const { about, problem, remedy, cause } = this;
    return new InputError(container, text`${about}: ${problem}`, remedy, cause === undefined ? undefined : { cause });
  }
}

/** Several errors, such as all wrong fields of a form. As one line, it is the first. */
export class InputErrors extends InputError {
  constructor(readonly errors: readonly [InputError, ...InputError[]]) {
    super(errors[0].about, errors[0].problem, errors[0].remedy);
  }
}

export const errorsOf = (error: InputError): readonly InputError[] =>
  error instanceof InputErrors ? error.errors : [error];

/** Runs all checks before it throws their errors. */
export function checkAll(checks: readonly (() => unknown)[]) {
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

/** Returns the errors of a check. */
export async function errorsIn(check: () => unknown): Promise<readonly InputError[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (error instanceof InputError) return errorsOf(error);
    throw error;
  }
}

export function throwAll([first, ...others]: readonly InputError[]) {
  if (first !== undefined) throw others.length === 0 ? first : new InputErrors([first, ...others]);
}

const explain = (problem: Text, remedy: Text | undefined, nameOf?: NameOf) =>
  `${render(problem, nameOf)}${remedy === undefined ? '' : `; ${render(remedy, nameOf)}`}`;

/** Reports an `InputError` of a check as one about `container`. */
export function checkWithin<T>(container: Text, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof InputError ? error.within(container) : error;
  }
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Longer names are no misspellings, and take long to compare. */
const MAX_NAME = 100;

/** Returns `, did you mean NAME?`, or nothing if no name is similar. */
export function didYouMean(given: string, known: readonly string[], rest = '') {
  const nearest = nearestName(given, known);
  return nearest === undefined ? '' : `, did you mean ${nearest}${rest}?`;
}

/** Undefined if more than a third of the letters differ. */
export function nearestName(given: string, known: readonly string[]) {
  if (given.length > MAX_NAME) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** Counts letters to insert, drop, change or swap with their neighbor. */
function editDistance(a: string, b: string) {
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

/** Quotes text of a file: truncated, with `?` for all but printable ASCII. */
export function quoted(text: string, limit = MAX_QUOTED) {
  const shown = text.slice(0, limit).replace(/[^\x20-\x7e]/g, '?');
  return `"${shown}${text.length > limit ? '...' : ''}"`;
}
