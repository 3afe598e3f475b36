import { errorsIn, errorsOf, InputError, setting, throwAll } from '../errors.js';
import { describePresets } from '../runs/settings.node.js';
import { checkNewRun } from '../runs/train.node.js';
import { checkValue } from '../training/configurationSchema.js';
import {
  choicesOf,
  type Declaration,
  defaultOf,
  flagFor,
  GROUPS,
  rangeOf,
  valueOfText,
} from '../training/declaration.js';
import { attributesFile, CONDITIONS } from '../conditions/syntax.js';
import { RUN_OPTIONS } from '../training/runOptions.js';
import { DECLARATIONS } from '../training/settings.js';
import type { Extension, FieldValues, FormField, TrainingForm } from './schemas.js';

/** Chosen by the studio, or with files of this machine, which a page may not name. */
const OMITTED: readonly string[] = [
  ...['data', 'length', 'config', 'initFrom'],
  ...['features', 'featuresOutputs', 'featuresSize', 'featuresMean', 'featuresStd'],
];

const FIELDS: Record<string, Declaration> = Object.fromEntries(
  Object.entries<Declaration>({ ...DECLARATIONS, ...RUN_OPTIONS }).filter(
    ([key, { group }]) => group !== undefined && !OMITTED.includes(key),
  ),
);

const titleOf = (key: string) =>
  key === 'out' ? 'Name of the run' : ((DECLARATIONS[key] ?? FIELDS[key])?.title ?? key);

export async function trainingForm(): Promise<TrainingForm> {
  const presets = await describePresets();
  const presetNames = presets.map(({ name }) => name);
  const groups = GROUPS.map((title) => ({
    title,
    fields: Object.entries(FIELDS)
      .filter(([, { group }]) => group === title)
      .map(([key, declaration]) => fieldOf(key, declaration, presetNames)),
  }));
  return { groups: groups.filter(({ fields }) => fields.length > 0), presets };
}

function fieldOf(name: string, declaration: Declaration, presets: string[]): FormField {
  const { type, title, help } = declaration;
  const choices = name === 'preset' ? presets : type.kind === 'choice' ? choicesOf(type)!.map(String) : undefined;
  const standard = defaultOf(declaration);
  const hasRange = type.kind === 'integer' || type.kind === 'number' || type.kind === 'list';
  return {
    name,
    title,
    flag: flagFor(name),
    description: help,
    kind: choices ? 'choice' : type.kind === 'structure' || type.kind === 'numbers' ? 'text' : type.kind,
    ...(choices && { choices }),
    ...(hasRange && { range: rangeOf(type) }),
    ...(standard !== undefined && { default: standard }),
    ...(name === 'condition' && CONDITION),
  };
}

/** A page may not name files of this machine, so there are no attributes. */
const CONDITION = {
  description: 'what both networks know about an image: its class, or a part of the picture that they complete',
  kind: 'choice',
  choices: Object.keys(CONDITIONS),
  choiceTitles: CONDITIONS,
  arguments: { small: 'side in pixels' },
} satisfies Partial<FormField>;

/**
 * Opens no images. Values that are wrong by themselves are left out of the other checks, whose errors that name them
 * would mislead.
 * @throws {InputError} with the errors of all fields
 */
export async function checkFields(data: string, fields: FieldValues, initFrom?: string) {
  const values = Object.entries(fields).map(
    ([key, value]) =>
      [key, typeof value === 'string' && FIELDS[key] ? valueOfText(FIELDS[key].type, value) : value] as const,
  );
  const wrong = values.flatMap(([key, value]) => {
    const declaration = FIELDS[key];
    if (declaration === undefined) return [new InputError(setting(key), 'no such setting')];
    // A page may not name files of this machine.
    if (key === 'condition' && attributesFile({ condition: String(value) }) !== undefined)
      return [new InputError(setting(key), 'a table of attributes can be named on the command line only')];
    return checkValue(key, declaration.type, value);
  });
  const isWrong = (key: string) => wrong.some((error) => error.mentions(key));
  const settings = Object.fromEntries(values.filter(([key]) => key in DECLARATIONS && !isWrong(key)));
  const others = await errorsIn(() => checkNewRun({ ...settings, ...(initFrom !== undefined && { initFrom }), data }));
  throwAll([...wrong, ...others.filter((error) => !values.some(([key]) => isWrong(key) && error.mentions(key)))]);
}

export const optionsOf = (fields: FieldValues) =>
  Object.keys(FIELDS).flatMap((key) => {
    const value = fields[key];
    if (value === undefined || value === '' || value === false) return [];
    // One argument, so that a value is never taken for an option.
    return [value === true ? flagFor(key) : `${flagFor(key)}=${value}`];
  });

export const argumentsToResume = (folder: string, run: string, extension: Extension) => [
  ...['train', '--resume', `${folder}/${run}`],
  ...Object.entries(extension).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
];

export const shellCommand = (args: readonly string[]) => ['npx', 'agenet', ...args].map(quotedForShell).join(' ');

function quotedForShell(argument: string): string {
  const [, flag, value] = /^(--[a-z-]+)=(.*)$/su.exec(argument) ?? [];
  if (flag !== undefined && value !== undefined && !value.startsWith('-')) return `${flag} ${quotedForShell(value)}`;
  return /^[\w@%+=:,./-]+$/u.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** In one line, and beside each wrong field. */
export function problemOf(error: InputError) {
  const fields = errorsOf(error).flatMap((each) => {
    const key = each.setting?.split(/[.[]/u)[0];
    return key === undefined ? [] : [[key === 'out' ? 'name' : key, each.explain(titleOf)] as const];
  });
  return { message: error.describe(titleOf), fields: Object.fromEntries(fields) };
}
