import { InputError } from '../../errors.js';
import { type ElementKind, isElementKind } from './elements.js';
import { quoted } from './quoted.js';

/** A shape as Python writes it: (), (2,), (2, 3). */
export const pythonTuple = (shape: readonly number[]): string => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;

/** What the header of an .npy file says of its array. */
export interface NpyHeader {
  /** How the elements are stored; b1 are truth values, bytes of 0 and 1. */
  readonly kind: ElementKind | 'b1';
  readonly littleEndian: boolean;
  /** Whether the first axis is the fastest. */
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

interface Token {
  readonly type: 'text' | 'number' | 'word';
  readonly text: string;
}

/** Strings without escapes, whole numbers (Python 2 wrote an L after them), True and False, and the marks of dictionaries and tuples. */
const TOKEN = /\s*(?:'(?<single>[^'\\]*)'|"(?<double>[^"\\]*)"|(?<number>\d+)L?|(?<word>True|False|[{}(),:]))/y;

/**
 * Parses the Python literal of an .npy header, as {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }: these three keys in any
 * order. Throws InputError, which begins with `name`, for any other literal and for types that cannot be read.
 */
export function parseNpyHeader(literal: string, name: string): NpyHeader {
  const entries = parseDictionary(literal);
  const [descr, order, shape] = ['descr', 'fortran_order', 'shape'].map((key) => entries?.get(key));
  if (entries?.size !== 3 || typeof descr !== 'string' || typeof order !== 'boolean' || !Array.isArray(shape))
    throw new InputError(
      `${name}: its header is ${quoted(literal.trim())}, it should be like {'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), } with a plain type`,
    );
  return { ...parseType(descr, name), fortranOrder: order, shape };
}

function parseType(descr: string, name: string): Pick<NpyHeader, 'kind' | 'littleEndian'> {
  const [, order, type = ''] = /^([<>|])([a-z]\d)$/.exec(descr) ?? [];
  if ((type !== 'b1' && !isElementKind(type)) || (order === '|' && !type.endsWith('1')))
    throw new InputError(`${name}: elements of type ${quoted(descr)}, only b1, integers (u1, i2, ...) and floats (f4, f8) after <, > or | can be read`);
  return { kind: type, littleEndian: order !== '>' };
}

type Value = string | boolean | readonly number[];

/** A dictionary of strings to strings, truth values and tuples of whole numbers; null if the literal is anything else. */
function parseDictionary(literal: string): ReadonlyMap<string, Value> | null {
  const tokens = tokensOf(literal);
  if (tokens === null || tokens.shift()?.text !== '{') return null;
  const entries = new Map<string, Value>();
  while (tokens.length > 0 && !isMark(tokens[0], '}')) {
    const key = tokens.shift()!;
    if (key.type !== 'text' || entries.has(key.text) || !isMark(tokens.shift(), ':')) return null;
    const value = parseValue(tokens);
    if (value === null) return null;
    entries.set(key.text, value);
    if (isMark(tokens[0], ',')) tokens.shift();
    else if (!isMark(tokens[0], '}')) return null;
  }
  return tokens.length === 1 ? entries : null;
}

function parseValue(tokens: Token[]): Value | null {
  const first = tokens.shift();
  if (first?.type === 'text') return first.text;
  if (first?.text === 'True' || first?.text === 'False') return first.text === 'True';
  return isMark(first, '(') ? parseTuple(tokens) : null;
}

/** The numbers of a tuple up to its closing parenthesis. In Python, one element alone needs a comma after it. */
function parseTuple(tokens: Token[]): readonly number[] | null {
  const numbers: number[] = [];
  while (tokens[0]?.type === 'number') {
    const number = Number(tokens.shift()!.text);
    if (!Number.isSafeInteger(number)) return null;
    numbers.push(number);
    if (isMark(tokens[0], ',')) tokens.shift();
    else if (numbers.length === 1 || !isMark(tokens[0], ')')) return null;
  }
  return isMark(tokens.shift(), ')') ? numbers : null;
}

const isMark = (token: Token | undefined, mark: string): boolean => token?.type === 'word' && token.text === mark;

function tokensOf(literal: string): Token[] | null {
  const text = literal.trimEnd();
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) return null;
    const { single, double, number, word } = groups;
    if (number !== undefined) tokens.push({ type: 'number', text: number });
    else if (word !== undefined) tokens.push({ type: 'word', text: word });
    else tokens.push({ type: 'text', text: single ?? double! });
  }
  return tokens;
}
