import type { output, util, $ZodIssue, $ZodType } from 'zod/v4/core';
import { InputError, didYouMean, setting, type Text, throwAll } from './errors.js';

type Path = readonly PropertyKey[];

/** Of either variant of zod, which takes long to load: a type only. */
type Schema = $ZodType & { safeParse(value: unknown): util.SafeParseResult<unknown> };

/** An array of a million elements has as many unknown keys. */
const MAX_UNKNOWN = 10;

/**
 * @param keysAt returns the valid keys of the object at a path, for suggestions
 * @param name of the whole value in messages
 * @throws {InputError} with all invalid settings
 */
export function validate<T extends Schema>(
  schema: T,
  given: unknown,
  keysAt: (path: Path) => readonly string[] = () => [],
  name = 'settings',
): output<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data as output<T>;
  const { issues } = parsed.error;
  if (issues[0]?.path.length === 0 && issues[0].code !== 'unrecognized_keys')
    throw new InputError(name, `${issues[0].message}, not ${shown(given)}`);
  throwAll(issues.flatMap((issue) => errorsOfIssue(issue, given, keysAt)));
  throw parsed.error;
}

function errorsOfIssue(issue: $ZodIssue, given: unknown, keysAt: (path: Path) => readonly string[]): InputError[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MAX_UNKNOWN).map((key) => {
      const problem = `no such setting${didYouMean(key, keysAt(issue.path))}`;
      return new InputError(settingAt([...issue.path, key]), problem);
    });
  if (issue.code === 'invalid_union') {
    // The user meant the alternative whose key exists.
    const inner = issue.errors
      .flat()
      .find(({ path }) => path.length > 0 && valueAt(given, [...issue.path, ...path]) !== undefined);
    if (inner) return errorsOfIssue({ ...inner, path: [...issue.path, ...inner.path] }, given, keysAt);
  }
  return [new InputError(settingAt(issue.path), `${issue.message}, not ${shown(valueAt(given, issue.path))}`)];
}

const valueAt = (given: unknown, path: Path) =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], given);

/** A length is known by its unit: `epochs` or `steps`. */
function settingAt([key, ...inner]: Path): Text {
  const path = key === 'length' && inner.length > 0 ? inner : [key, ...inner];
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return setting(name.slice(1));
}

/** Undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_SHOWN = 200;

export function shown(value: unknown) {
  if (value === undefined) return 'missing';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${value.byteLength} bytes`;
  // JSON has neither NaN nor infinities nor large integers.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  try {
    const json = JSON.stringify(value);
    return json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}...` : json;
  } catch {
    // JSON.stringify is recursive, JSON.parse is not.
    return 'a value that is nested too deeply';
  }
}
