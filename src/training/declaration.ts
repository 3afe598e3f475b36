import type { ConditionAttribute } from '../conditions/attributes.js';
import type { ImageFormat } from '../data/source.js';

export type SettingType<T = unknown> = { example?: T } & (
  | { kind: 'integer'; min: number; max: number }
  /** Without the ends in `excluded`. */
  | { kind: 'number'; min: number; max: number; excluded: readonly number[] }
  | { kind: 'switch' }
  | { kind: 'choice'; choices: readonly (string | number)[] }
  /** Distinct names, of `choices` if given. */
  | { kind: 'list'; choices?: readonly string[]; min: number }
  | { kind: 'numbers'; min: number; max: number }
  | { kind: 'text'; expected: string }
  /** From files and the library only. */
  | { kind: 'structure'; expected: string }
);

export const integer = (min: number, max: number): SettingType<number> => ({ kind: 'integer', min, max });
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
  ...(choices && { choices }),
});
/** @param max how many */
export const numbers = (max: number): SettingType<readonly number[]> => ({ kind: 'numbers', min: 1, max });
export const string = (expected = 'a string'): SettingType<string> => ({ kind: 'text', expected });
export const structure = <T>(expected: string): SettingType<T> => ({ kind: 'structure', expected });

export interface Known {
  native: Required<ImageFormat>;
  images: number;
  /** Of the data; empty if it has none, or they are not known yet. */
  classNames: readonly string[];
  attributes: readonly ConditionAttribute[];
  /** Given, or declared before this setting. */
  values: Record<string, unknown>;
}

/** In the order of the help of `train`. */
export const GROUPS = ['Networks', 'Objective', 'Training', 'Images', 'Output', 'Evaluation during training'] as const;

export interface Declaration<T = unknown> {
  type: SettingType<T>;
  title: string;
  /** A phrase in lower case, without default and period. */
  help: string;
  /** In the help of `train`. */
  group?: (typeof GROUPS)[number];
  default?: T | ((known: Known) => T);
  /** If the default depends on the data or needs words. */
  defaultText?: string;
  isOptional: boolean;
  /** Whether a resumed run may change it, because its state means the same with any value. */
  isChangeable: boolean;
  aliases: readonly string[];
  /** What its option expects, such as `number`. */
  placeholder: string;
}

type Details<T> = Pick<Declaration<T>, 'title' | 'help'> & Partial<Declaration<T>>;

const PLACEHOLDERS = { integer: 'number', number: 'number', choice: 'name', list: 'list', numbers: 'list' } as const;

export const declare = <T>(type: SettingType<T>, details: Details<NoInfer<T>>): Declaration<T> => ({
  type,
  isOptional: false,
  isChangeable: false,
  aliases: [],
  placeholder: (PLACEHOLDERS as Record<string, string>)[type.kind] ?? 'text',
  ...details,
});

export const declareChangeable = <T>(type: SettingType<T>, details: Details<NoInfer<T>>): Declaration<T> => ({
  ...declare<T>(type, details),
  isChangeable: true,
});

export const declareOptional = <T>(type: SettingType<T>, details: Details<NoInfer<T>>): Declaration<T | undefined> => ({
  ...declare<T>(type, details),
  isOptional: true,
});

export function rangeOf(type: SettingType): string {
  switch (type.kind) {
    case 'integer':
      return `a whole number from ${type.min} to ${type.max}`;
    case 'number': {
      const { min, max, excluded } = type;
      const least = excluded.includes(min) ? 'above' : 'of at least';
      return `a number ${least} ${min} and ${excluded.includes(max) ? 'below' : 'at most'} ${max}`;
    }
    case 'switch':
      return 'true or false';
    case 'choice':
      return `one of ${type.choices.join(', ')}`;
    case 'list':
      return `a list of ${type.choices?.join(', ') ?? 'names'}${type.min > 0 ? ' with at least one' : ''}`;
    case 'numbers':
      return `${type.min} to ${type.max} numbers`;
    default:
      return type.expected;
  }
}

export const choicesOf = (type: SettingType): readonly (string | number)[] | undefined =>
  'choices' in type ? type.choices : undefined;

export function defaultOf({ default: value, defaultText }: Declaration): string | undefined {
  if (defaultText !== undefined || typeof value === 'function' || value === undefined) return defaultText;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function numbersOrText(text: string) {
  const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  return values.every(Number.isFinite) ? values : text;
}

/** Returns invalid text as it is, to be rejected with the other settings. */
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
    case 'numbers':
      return numbersOrText(text);
    case 'switch':
      return text === 'true' ? true : text === 'false' ? false : text;
    default:
      return text;
  }
}

export const flagFor = (key: string): string => `--${key.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
