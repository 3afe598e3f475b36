/** How settings are declared: their type and range, default, help, and whether they may change when a run is resumed. */
import type { ImageFormat } from '../data/source.js';

/** The type and range of a value `T`. */
export type SettingType<T = unknown> = { readonly example?: T } & (
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  /** `excluded` are ends of the range that are not in it. */
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly excluded: readonly number[] }
  | { readonly kind: 'switch' }
  | { readonly kind: 'choice'; readonly choices: readonly (string | number)[] }
  /** Names, of `choices` if there are any, each at most once. */
  | { readonly kind: 'list'; readonly choices?: readonly string[]; readonly min: number }
  | { readonly kind: 'text'; readonly expected: string }
  /** An object or a list of objects, which only files and the library can give. */
  | { readonly kind: 'structure'; readonly expected: string }
);

export const integer = (min: number, max: number): SettingType<number> => ({ kind: 'integer', min, max });
/** @param excluded the ends of the range that are not in it */
export const number = (min: number, max: number, ...excluded: number[]): SettingType<number> => ({
  kind: 'number',
  min,
  max,
  excluded,
});
export const toggle: SettingType<boolean> = { kind: 'switch' };
export const choice = <T extends string | number>(choices: readonly T[]): SettingType<T> => ({
  kind: 'choice',
  choices,
});
export const list = <T extends string>(choices: readonly T[] | undefined, min = 0): SettingType<readonly T[]> => ({
  kind: 'list',
  min,
  ...(choices ? { choices } : {}),
});
export const string = (expected = 'a string'): SettingType<string> => ({ kind: 'text', expected });
export const structure = <T>(expected: string): SettingType<T> => ({ kind: 'structure', expected });

/** What defaults may depend on. */
export interface Known {
  /** The native format of the data. */
  readonly native: Required<ImageFormat>;
  /** Number of training images. */
  readonly images: number;
  /** The settings that are given, and those that are declared before this one. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Headings of the help of `train`, in their order. */
export const GROUPS = ['Networks', 'Objective', 'Training', 'Images', 'Output', 'Evaluation during training'] as const;

/** A setting `T` of a run. */
export interface Declaration<T = unknown> {
  readonly type: SettingType<T>;
  /** What a person calls it. */
  readonly title: string;
  /** One phrase without its default, in lower case and without a period. */
  readonly help: string;
  /** The heading under which it is an option of `train`; undefined: it has no option. */
  readonly group: (typeof GROUPS)[number] | undefined;
  /** Its value if it is not given; undefined: it is required or optional. */
  readonly default?: T | ((known: Known) => T);
  /** Its default in help, if that depends on the data or needs words. */
  readonly defaultText?: string;
  /** Whether it may be absent. */
  readonly isOptional: boolean;
  /** Whether a resumed run may change it: the state of a run means the same with any value. */
  readonly isChangeable: boolean;
  /** Other names of its option. */
  readonly aliases: readonly string[];
  /** What its option expects, such as `number`. */
  readonly placeholder: string;
}

type Details<T> = Pick<Declaration<T>, 'title' | 'help' | 'group'> & Partial<Declaration<T>>;

const PLACEHOLDERS = { integer: 'number', number: 'number', choice: 'name', list: 'list' } as const;

/** Declares a setting that a run always has. */
export const declare = <T>(type: SettingType<T>, details: Details<NoInfer<T>>): Declaration<T> => ({
  type,
  isOptional: false,
  isChangeable: false,
  aliases: [],
  placeholder: (PLACEHOLDERS as Readonly<Record<string, string>>)[type.kind] ?? 'text',
  ...details,
});

/** Declares a setting that a run may lack. */
export const declareOptional = <T>(type: SettingType<T>, details: Details<NoInfer<T>>): Declaration<T | undefined> => ({
  ...declare<T>(type, details),
  isOptional: true,
});

/** Returns the type and range of a setting in words, such as `a whole number from 1 to 1024`. */
export function rangeOf(type: SettingType): string {
  switch (type.kind) {
    case 'integer':
      return `a whole number from ${type.min} to ${type.max}`;
    case 'number': {
      const { min, max, excluded } = type;
      const least = excluded.includes(min) ? `above ${min}` : `of at least ${min}`;
      return `a number ${least} and ${excluded.includes(max) ? `below ${max}` : `at most ${max}`}`;
    }
    case 'switch':
      return 'true or false';
    case 'choice':
      return `one of ${type.choices.join(', ')}`;
    case 'list':
      return `a list of ${type.choices?.join(', ') ?? 'names'}${type.min > 0 ? ' with at least one' : ''}`;
    default:
      return type.expected;
  }
}

/** Returns the values or names that a setting chooses from; undefined if it does not. */
export const choicesOf = (type: SettingType): readonly (string | number)[] | undefined =>
  type.kind === 'choice' || type.kind === 'list' ? type.choices : undefined;

/** Returns the default of a setting in words, or undefined if it has none. */
export function defaultOf({ default: value, defaultText }: Declaration): string | undefined {
  if (defaultText !== undefined || typeof value === 'function' || value === undefined) return defaultText;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Returns the value of a setting from text, as an option or a form gives it. Text of another kind is rejected with the other settings. */
export function valueOfText({ kind, ...type }: SettingType, text: string): unknown {
  const isNumber = text.trim() !== '' && Number.isFinite(Number(text));
  switch (kind) {
    case 'integer':
    case 'number':
      return isNumber ? Number(text) : text;
    case 'choice':
      return isNumber && (type as { choices: readonly unknown[] }).choices.includes(Number(text)) ? Number(text) : text;
    case 'list':
      return text === 'none' ? [] : text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
    case 'switch':
      return text === 'true' ? true : text === 'false' ? false : text;
    default:
      return text;
  }
}

/** Returns the flag of a setting: `--learning-rate` for `learningRate`. */
export const flagFor = (key: string): string => `--${key.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
