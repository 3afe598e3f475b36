/** Filters of runs: words, and conditions such as `width=32`, `fid<10` and `tag=paper`. */
import type { ListedRun } from '../../../src/studio/schemas.js';

const CONDITION = /^([\p{L}\p{N}_.]+)(<=|>=|!=|[=<>])(.*)$/u;

type Test = (run: ListedRun) => boolean;

/** All parts of a text, separated by spaces, must hold. Unknown names hold for no run. */
export function filterOf(text: string): Test {
  const tests = text
    .trim()
    .split(/\s+/u)
    .filter((part) => part !== '')
    .map(testOf);
  return (run) => tests.every((test) => test(run));
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

/** Facts come before settings, and settings before metrics. A run can have several tags. */
function valuesOf(run: ListedRun, name: string): readonly Value[] {
  const facts: Record<string, readonly Value[]> = {
    name: [run.id],
    data: [run.data],
    state: [run.state],
    iteration: [run.step],
    tag: run.tags,
    tags: run.tags,
    note: [run.note],
  };
  const value = run.settings[name] ?? run.metrics[name];
  return Object.hasOwn(facts, name) ? facts[name]! : value === undefined ? [] : [value];
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
