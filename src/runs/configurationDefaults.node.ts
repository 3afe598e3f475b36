import { z } from 'zod';
import { nativeFormat } from '../data/open.node.js';
import { InputError } from '../errors.js';
import { architectureFor, type ArchitectureName, ARCHITECTURES } from '../networks/dcgan.js';
import { type SettingLabel, validate } from '../validation.js';
import { checkConfiguration, type Configuration } from '../training/configuration.js';
import { DEFAULTS } from '../training/defaults.js';

/**
 * Completes settings by the data's native format and the defaults.
 * @throws {InputError} that names the first wrong setting, or the data if there are none of this name
 */
export async function applyDefaults(
  asked: Readonly<Record<string, unknown>> & { readonly data: string },
  label?: SettingLabel,
): Promise<Configuration> {
  validate(z.object({ data: z.string('must be a string') }, 'must be an object'), asked, label);
  const native = await nativeFormat(asked.data);
  // A network that was named decides the size, where none was given.
  const named = typeof asked.network === 'string' && Object.hasOwn(ARCHITECTURES, asked.network) ? ARCHITECTURES[asked.network as ArchitectureName] : undefined;
  const size = asked.size ?? named?.imageSize ?? native.size;
  return checkConfiguration({ ...DEFAULTS, ...native, size, network: asked.network ?? architectureOf(Number(size), label), ...asked }, label);
}

/** An unknown size is reported as the setting that it is. */
function architectureOf(size: number, label: SettingLabel = (key) => key): ArchitectureName {
  try {
    return architectureFor(size);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${label('size')} ${size}: ${error.message.replace(/^size \S+: /, '')}`) : error;
  }
}
