import type { Description } from '../data/source.js';
import { didYouMean, InputError, setting, text } from '../errors.js';
import type { Condition } from '../networks/network.js';
import type { RandomStream } from '../random.js';

/** A class among `values`, or a number, usually from `low` to `high`. */
export type ConditionAttribute = { name: string } & ({ values: readonly string[] } | { low: number; high: number });

/** A column of more different numbers than this is not one of classes, even if all are whole. */
const MOST_NUMBERED_CLASSES = 20;
const MOST_CLASSES = 255;

/**
 * Returns the attributes that descriptions of images have. A column of numbers is a number if any has a fraction or there
 * are more than 20 different ones; every other column has classes. Empty cells are unknown.
 * @throws {InputError} if a column has one value only, or too many
 */
export function attributesIn(descriptions: readonly Description[]): ConditionAttribute[] {
  return Object.keys(descriptions[0] ?? {}).map((name) => {
    const values = [...new Set(descriptions.map((each) => each[name] ?? ''))].filter((value) => value !== '').sort();
    const about = `attribute ${name}`;
    if (values.length < 2) throw new InputError(about, 'all images have the same value', 'remove the column');
    const numbers = values.map(Number);
    const isNumber = numbers.every(Number.isFinite);
    if (isNumber && (values.length > MOST_NUMBERED_CLASSES || !numbers.every(Number.isInteger)))
      return { name, low: numbers.reduce((a, b) => Math.min(a, b)), high: numbers.reduce((a, b) => Math.max(a, b)) };
    if (values.length > MOST_CLASSES)
      throw new InputError(about, `has ${values.length} values, more than ${MOST_CLASSES}`, 'remove the column');
    return { name, values: isNumber ? values.sort((a, b) => Number(a) - Number(b)) : values };
  });
}

/** One number per class; of a number, 1 and its place from -1 (`low`) to 1 (`high`). Of what is unknown, zeros. */
const sizeOfAttribute = (attribute: ConditionAttribute) => ('values' in attribute ? attribute.values.length : 2);

/** How often training knows all attributes of an image, and none; otherwise it knows each or not. */
const [ALL, NONE] = [0.5, 0.1];

/** The attributes one after another. */
export const attributeCondition = (attributes: readonly ConditionAttribute[]): Condition => ({
  shape: [attributes.reduce((size, attribute) => size + sizeOfAttribute(attribute), 0)],
  parts: attributes.map((attribute) => ('values' in attribute ? { classes: attribute.values.length } : 'value')),
  isOptional: true,
  of: ({ descriptions }, stream) => {
    if (!descriptions)
      throw new InputError('condition attributes', 'the images have no attributes', 'use the data of the run');
    const rows = descriptions.map((each) => encodeDescription(attributes, stream ? partOf(each, stream) : each));
    return Float32Array.from(rows.flatMap((row) => [...row]));
  },
});

function partOf(description: Description, stream: RandomStream): Description {
  const draw = stream.uniform();
  const isKnown = Object.keys(description).map(() => stream.uniform() < 0.5);
  if (draw < ALL) return description;
  if (draw < ALL + NONE) return {};
  return Object.fromEntries(Object.entries(description).filter((_, index) => isKnown[index]));
}

/**
 * Returns the condition [K] of an image with some attributes.
 * @throws {InputError} if the model has no such attribute or value
 */
export function encodeDescription(attributes: readonly ConditionAttribute[], description: Description): Float32Array {
  const names = attributes.map(({ name }) => name);
  const unknown = Object.keys(description).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new InputError(
      `attribute ${unknown}`,
      `unknown${didYouMean(unknown, names)}`,
      `choose from ${names.join(', ')}`,
    );
  return Float32Array.from(
    attributes.flatMap((attribute) => encodeValue(attribute, valueIn(description, attribute.name))),
  );
}

/** Names may be those of properties that every object has. */
const valueIn = (description: Description, name: string) =>
  Object.hasOwn(description, name) ? description[name]! : '';

function encodeValue(attribute: ConditionAttribute, value: string): number[] {
  if (value === '') return new Array<number>(sizeOfAttribute(attribute)).fill(0);
  const about = `${attribute.name}=${value}`;
  if ('values' in attribute) {
    const { values } = attribute;
    if (!values.includes(value))
      throw new InputError(
        about,
        `there is no such value${didYouMean(value, values)}`,
        `choose from ${listed(values)}`,
      );
    return values.map((each) => (each === value ? 1 : 0));
  }
  const { low, high } = attribute;
  if (!Number.isFinite(Number(value)))
    throw new InputError(about, 'expected a number', `choose from ${low} to ${high}`);
  return [1, (2 * (Number(value) - low)) / (high - low) - 1];
}

const MOST_LISTED = 20;
const listed = (values: readonly string[]) =>
  values.length <= MOST_LISTED
    ? values.join(', ')
    : `${values.slice(0, MOST_LISTED).join(', ')} and ${values.length - MOST_LISTED} others`;

/**
 * Parses attributes such as `beard=full,fatness=0.8`.
 * @throws {InputError} if it has another form
 */
export function parseWhere(where: string): Description {
  const pairs = where.split(',').map((part) => {
    const [name = '', ...values] = part.split('=').map((side) => side.trim());
    const value = values.join('=');
    if (name === '' || value === '')
      throw new InputError(
        text`${setting('where')} ${where}`,
        'expected NAME=VALUE, several of them with commas between',
      );
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}
