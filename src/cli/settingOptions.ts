/** Imported only to define a command, because the declarations load the networks. */
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { choicesOf, type Declaration, defaultOf, flagFor, GROUPS, valueOfText } from '../training/declaration.js';
import { DECLARATIONS, type Settings } from '../training/settings.js';
import { alias } from './options.js';

function keyOfAlias(name: string) {
  if (name === 'outdir') return 'out';
  return Object.entries(DECLARATIONS).find(([, { aliases }]) => aliases.includes(name))?.[0] ?? name;
}

export const withoutAliases = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [keyOfAlias(name), value as unknown])) as T;

export const givenSettings = (options: Record<string, unknown>): Settings =>
  Object.fromEntries(Object.entries(options).filter(([key, value]) => key in DECLARATIONS && value !== undefined));

export function addSettings<T extends CommandUnknownOpts>(command: T, keys: readonly string[]): T {
  for (const group of GROUPS) {
    const declared = keys.filter((key) => DECLARATIONS[key]?.group === group);
    if (declared.length > 0) command.optionsGroup(`${group}:`);
    for (const key of declared) addSetting(command, key, DECLARATIONS[key]!);
  }
  return command;
}

function addSetting(command: CommandUnknownOpts, key: string, declaration: Declaration) {
  const { type, help, placeholder, aliases } = declaration;
  const isSwitch = type.kind === 'switch';
  const usage = isSwitch ? '' : ` <${placeholder}>`;
  const [choices, standard] = [choicesOf(type), isSwitch ? undefined : defaultOf(declaration)];
  const remarks = [
    ...(choices === undefined ? [] : [`choices: ${choices.join(', ')}`]),
    ...(standard === undefined ? [] : [`default: ${standard}`]),
    ...aliases.map((name) => `alias: ${flagFor(name)}`),
  ];
  const description = remarks.length === 0 ? help : `${help} (${remarks.join('; ')})`;
  // The configuration checks values, so that all sources of a setting have the same errors.
  const add = (option: Option) =>
    command.addOption(isSwitch ? option : option.argParser((text) => valueOfText(type, text)));
  add(new Option(`${flagFor(key)}${usage}`, description));
  for (const name of aliases) add(alias(`${flagFor(name)}${usage}`, flagFor(key), key));
}

/** The configuration has the image format of the data. */
export async function resolveConfiguration(data: string, options: Record<string, unknown>) {
  const { draftSettings } = await import('../runs/settings.node.js');
  return (await draftSettings({ ...givenSettings(options), data })).draft;
}
