/** Filters of runs: words, and conditions such as `width=32`, `fid<10` and `tag=paper`. */
import type { ListedRun } from '../../../src/studio/schemas.js';

const CONDITION = /^([\p{L}\p{N}_.]+)(<=|>=|!=|[=<>])(.*)$/u;

type Test = (run: ListedRun) => boolean;

const partsOf = (text: string): string[] => text.split(/\s+/u).filter((part) => part !== '');

/** All parts of a text, separated by spaces, must hold. Unknown names hold for no run. */
export function filterOf(text: string): Test {
  const tests = partsOf(text).map(testOf);
  return (run) => tests.every((test) => test(run));
}

/** Why a part of a filter can hold for no run, in one line; empty if it can. */
export function filterProblem(text: string, runs: readonly ListedRun[]): string {
  for (const part of partsOf(text)) {
    const [, name, operator, expected] = CONDITION.exec(part) ?? [];
    if (name === undefined) continue;
    const values = runs.flatMap((run) => valuesOf(run, name));
    if (!FACTS.includes(name) && values.length === 0) return `No run has a value named ${name}.`;
    if (expected === '') return `Complete ${part} with a value.`;
    if (operator!.startsWith('<') || operator!.startsWith('>')) {
      if (values.length > 0 && !values.some((value) => Number.isFinite(Number(value))))
        return `The values of ${name} are not numbers: use = or !=.`;
      if (!Number.isFinite(Number(expected))) return `Compare ${name} with a number, such as ${name}${operator}10.`;
    }
  }
  return '';
}

function testOf(part: string): Test {
  const [, name, operator, expected] = CONDITION.exec(part) ?? [];
  if (name === undefined || expected === undefined)
    return (run) => textOf(run).includes(part.toLowerCase().replace(/^#/u, ''));
  return (run) => {
    const values = valuesOf(run, name);
    return operator === '!='
      ? !values.some((value) => compare(value, '=', expected))
      : values.some((value) => compare(value, operator!, expected));
  };
}

const textOf = ({ id, data, model, state, tags, note }: ListedRun): string =>
  [id, data, model, state, ...tags, note].join(' ').toLowerCase();

type Value = string | number | boolean;

const FACT_VALUES: Record<string, (run: ListedRun) => readonly Value[]> = {
  name: ({ id }) => [id],
  data: ({ data }) => [data],
  state: ({ state }) => [state],
  iteration: ({ step }) => [step],
  tag: ({ tags }) => tags,
  tags: ({ tags }) => tags,
  note: ({ note }) => [note],
};
const FACTS = Object.keys(FACT_VALUES);

/** Facts come before settings, and settings before metrics. A run can have several tags. */
function valuesOf(run: ListedRun, name: string): readonly Value[] {
  if (FACTS.includes(name)) return FACT_VALUES[name]!(run);
  const value = [run.settings, run.metrics].find((values) => Object.hasOwn(values, name))?.[name];
  return value === undefined ? [] : [value];
}

function compare(value: Value, operator: string, expected: string): boolean {
  if (operator === '=') {
    if (typeof value === 'number') return expected !== '' && value === Number(expected);
    return String(value).toLowerCase() === expected.toLowerCase();
  }
  const [a, b] = [Number(value), Number(expected)];
  if (expected === '' || Number.isNaN(a) || Number.isNaN(b)) return false;
  return { '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b }[operator]!;
}
