import { InputError, setting } from '../errors.js';
import * as architectures from './architectures/index.js';
import type { Architecture } from './dcgan.js';

/** Every architecture by name. */
export const ARCHITECTURES = architectures satisfies Record<string, Architecture>;

export type ArchitectureName = keyof typeof architectures;
export const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES).sort() as readonly ArchitectureName[];

/**
 * Returns the name of the architecture for images of this size.
 * @throws {InputError} if there is none
 */
export function architectureFor(imageSize: number): ArchitectureName {
  const name = ARCHITECTURE_NAMES.find((candidate) => ARCHITECTURES[candidate].imageSize === imageSize);
  if (name !== undefined) return name;
  const known = ARCHITECTURE_NAMES.map((candidate) => `${ARCHITECTURES[candidate].imageSize} (${candidate})`);
  throw new InputError(setting('size'), `no architecture supports ${imageSize}`, `choose ${known.join(' or ')}`);
}
