import type { z } from 'zod';
import { InputError, nearestName } from './errors.js';

/**
 * Returns what messages call a setting: its flag, or its position in a file. `key` is the setting's key, `name` the invalid value inside it, e.g.
 * `epochs` of `length`, or `stages[1].epoch` of `stages`.
 */
export type SettingLabel = (key: string, name?: string) => string;

type Path = readonly PropertyKey[];

/**
 * Parses a value with a schema.
 * @param keysAt returns the valid keys of the object at a path, for suggestions
 * @throws {InputError} that names the first invalid setting, what is expected, and its value
 */
export function validate<T extends z.ZodType>(
  schema: T,
  given: unknown,
  label: SettingLabel = (key, name = key) => name,
  keysAt: (path: Path) => readonly string[] = () => [],
): z.output<T> {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new InputError(describeIssue(parsed.error.issues[0]!, given, label, keysAt));
  return parsed.data;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  given: unknown,
  label: SettingLabel,
  keysAt: (path: Path) => readonly string[],
): string {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const nearest = nearestName(key, keysAt(issue.path));
    return `${issue.path.length === 0 ? key : labelOf([...issue.path, key], label)}: no such setting${nearest ? `, did you mean ${nearest}?` : ''}`;
  }
  if (issue.code === 'invalid_union') {
    // The alternative whose key exists is the one that the user meant.
    const inner = issue.errors
      .flat()
      .find(({ path }) => path.length > 0 && valueAt(given, [...issue.path, ...path]) !== undefined);
    if (inner) return describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, given, label, keysAt);
  }
  return `${labelOf(issue.path, label)}: ${issue.message}, not ${shown(valueAt(given, issue.path))}`;
}

const valueAt = (given: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], given);

function labelOf([key = 'settings', ...inner]: Path, label: SettingLabel): string {
  const name =
    key === 'length'
      ? inner.join('.')
      : [key, ...inner]
          .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
          .join('')
          .slice(1);
  return label(String(key), name || String(key));
}

/** Formats a value for a message. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'function') return 'a function';
  // JSON has neither NaN nor infinities nor large integers.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    // JSON.stringify is recursive, JSON.parse is not.
    return 'a value that is nested too deeply';
  }
}
