/** The setting `condition`. */
import { InputError, setting, text } from '../errors.js';
import type { Condition } from '../networks/network.js';
import { attributeCondition, type ConditionAttribute } from './attributes.js';
import { classCondition } from './classes.js';
import { PICTURES, type PictureName } from './pictures.js';
import { ATTRIBUTES, CONDITION_SYNTAX } from './syntax.js';

/** The settings that determine a condition. */
export interface ConditionedSettings {
  condition: string;
  /** Names. */
  classes: readonly string[];
  attributes: readonly ConditionAttribute[];
  channels: number;
  size: number;
}

/**
 * Returns what a configuration conditions both networks on.
 * @throws {InputError} if there is no such condition, or the images cannot have it
 */
export function conditionOf({
  condition,
  classes,
  attributes,
  channels,
  size,
}: ConditionedSettings): Condition | undefined {
  const about = text`${setting('condition')} ${condition}`;
  if (condition === 'none') return undefined;
  if (condition === ATTRIBUTES) throw new InputError(about, 'names no file', 'name a CSV file of attributes');
  if (condition.startsWith(ATTRIBUTES)) return attributes.length > 0 ? attributeCondition(attributes) : undefined;
  if (condition === 'class') return classes.length > 0 ? classCondition(classes.length) : undefined;
  const [name = '', argument] = condition.split(':');
  if (!Object.hasOwn(PICTURES, name)) throw new InputError(about, 'unknown', `choose from ${CONDITION_SYNTAX}`);
  const made = PICTURES[name as PictureName].make({ channels, size }, argument);
  if (typeof made === 'string') throw new InputError(about, made);
  return made;
}
