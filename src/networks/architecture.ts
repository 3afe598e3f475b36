import { InputError, setting } from '../errors.js';
import { IMAGE_SIZES } from '../imageSizes.js';
import * as architectures from './architectures/index.js';
import type { Architecture } from './dcgan.js';

export const ARCHITECTURES = architectures satisfies Record<string, Architecture>;

export type ArchitectureName = keyof typeof architectures;
export const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES).sort() as readonly ArchitectureName[];

const DEFAULTS: readonly { readonly size: number; readonly architecture: ArchitectureName }[] = IMAGE_SIZES;

/**
 * Returns the default architecture for an image size.
 * @throws {InputError} if there is none
 */
export function architectureFor(imageSize: number): ArchitectureName {
  const found = DEFAULTS.find(({ size }) => size === imageSize);
  if (found) return found.architecture;
  const known = DEFAULTS.map(({ size, architecture }) => `${size} (${architecture})`);
  throw new InputError(setting('size'), `no architecture supports ${imageSize}`, `choose ${known.join(' or ')}`);
}
