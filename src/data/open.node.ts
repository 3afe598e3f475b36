import { InputError, nearestName } from '../errors.js';
import { type ImageFormat, mnist } from './mnist.node.js';
import type { ImageSource } from './source.js';

const SOURCES: Readonly<Record<string, { readonly format: ImageFormat; readonly open: (format: ImageFormat) => Promise<ImageSource> }>> = {
  mnist: { format: { size: 32, channels: 1 }, open: mnist },
};
export const SOURCE_NAMES: readonly string[] = Object.keys(SOURCES);

/** The size and channels that a data set's images have of themselves. Throws InputError for an unknown one. */
export const nativeFormat = (name: string): ImageFormat => sourceNamed(name).format;

/** Opens a data set by the name that the user gave. Throws InputError for an unknown one, or a format it cannot have. */
export const openSource = (name: string, format: ImageFormat = nativeFormat(name)): Promise<ImageSource> => sourceNamed(name).open(format);

function sourceNamed(name: string) {
  const source = Object.hasOwn(SOURCES, name) ? SOURCES[name] : undefined;
  if (source !== undefined) return source;
  const nearest = nearestName(name, SOURCE_NAMES);
  throw new InputError(`data "${name}": no such data set${nearest ? `, did you mean ${nearest}?` : ''} (there is ${SOURCE_NAMES.join(', ')})`);
}
