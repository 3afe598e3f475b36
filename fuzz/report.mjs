/** Counts of outcomes, and how they and failures are printed. */
import { caseOf, reproduction } from './cases.mjs';
import { violations } from './oracle.mjs';

/** Failures that are printed with all their rules; of further ones only the commands that repeat them. */
const MAX_FAILURES = 60;

export class Report {
  #seed;
  #perCommand = new Map();
  /** @type {{ each: import('./cases.mjs').Case, outcome: import('./oracle.mjs').Outcome, broken: string[] }[]} */
  failures = [];
  #statuses = new Map();
  #memory = 0;
  #slowest = { seconds: 0, number: -1 };
  count = 0;

  constructor(seed) {
    this.#seed = seed;
  }

  /**
   * Judges an outcome and counts it.
   * @param {number} number
   * @param {import('./oracle.mjs').Outcome} outcome
   */
  add(number, outcome) {
    const each = caseOf(this.#seed, number);
    const broken = violations(each, outcome);
    this.count++;
    const status = outcome.timedOut ? 'hang' : outcome.signal !== null ? 'crash' : String(outcome.status);
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    const counts = this.#perCommand.get(each.command) ?? { cases: 0, ok: 0, failures: 0, seconds: 0 };
    counts.cases++;
    counts.ok += outcome.status === 0 ? 1 : 0;
    counts.failures += broken.length > 0 ? 1 : 0;
    counts.seconds += outcome.seconds;
    this.#perCommand.set(each.command, counts);
    this.#memory = Math.max(this.#memory, outcome.memory);
    if (outcome.seconds > this.#slowest.seconds) this.#slowest = { seconds: outcome.seconds, number };
    if (broken.length > 0) this.failures.push({ each, outcome, broken });
    return broken;
  }

  /** How many cases ended with exit status 0. */
  get successes() {
    return [...this.#perCommand.values()].reduce((sum, { ok }) => sum + ok, 0);
  }

  /** The lines that end a run. */
  lines(seconds) {
    const rows = [...this.#perCommand]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([command, { cases, ok, failures, seconds: spent }]) => [
        command,
        cases,
        percent(ok, cases),
        failures,
        spent.toFixed(0),
      ]);
    return [
      ...table([
        ['command', 'cases', 'exit 0', 'failures', 'seconds'],
        ...rows,
        ['all', this.count, percent(this.successes, this.count), this.failures.length, seconds.toFixed(0)],
      ]),
      `outcomes: ${[...this.#statuses]
        .sort()
        .map(([status, cases]) => `${/^\d+$/.test(status) ? `exit ${status}` : status}: ${cases}`)
        .join(', ')}`,
      `largest memory ${this.#memory.toFixed(0)} MB; slowest case ${this.#slowest.number}, ${this.#slowest.seconds.toFixed(1)} s`,
      ...this.failures.flatMap(({ each, outcome, broken }, index) =>
        index < MAX_FAILURES ? describeFailure(each, outcome, broken) : [reproduction(each)],
      ),
    ];
  }
}

const percent = (part, whole) => `${((100 * part) / whole).toFixed(0)}%`;

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? String(cell).padEnd(widths[0]) : String(cell).padStart(widths[column] + 2),
      )
      .join(''),
  );
}

/** JSON leaves C1 controls and those that reorder text as they are. */
const quote = (value) =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const shorten = (text) => (text.length > 2000 ? `${text.slice(0, 2000)}...` : text);

/**
 * Everything about a case that broke rules, in lines without control characters.
 * @param {import('./cases.mjs').Case} each
 * @param {import('./oracle.mjs').Outcome} outcome
 * @param {string[]} broken
 * @returns {string[]}
 */
export function describeFailure(each, outcome, broken) {
  return [
    '',
    ...broken.map((text) => `FAILURE ${shorten(text)}`),
    `  repeat with: ${reproduction(each)}`,
    ...describeCase(each, outcome).map((text) => `  ${text}`),
  ];
}

/** The case and its outcome. */
export function describeCase(
  { args, files, environment, changes, interrupted, separate },
  { status, stdout, stderr, changes: written, seconds },
) {
  return [
    `agenet ${args.map((each) => quote(each)).join(' ')}`,
    ...files.map((file) => `before: ${quote(file)}`),
    ...Object.entries(environment).map(([name, value]) => `with: ${name}=${quote(value)}`),
    `changes: ${changes.join(', ') || 'none'}${interrupted ? '; interrupted' : ''}${separate ? '; in a process of its own' : ''}`,
    `exit status ${status}, ${seconds.toFixed(2)} s`,
    `standard error: ${shorten(quote(stderr))}`,
    `standard output: ${shorten(quote(stdout))}`,
    ...written.slice(0, 10).map(({ path, kind }) => `${kind}: ${quote(path)}`),
  ];
}
