/** Trainings as commands: what the form sends becomes the arguments of `agenet train`. */
import { InputError } from '../errors.js';
import type { Extension, FieldValues, TrainingForm } from './schemas.js';

/** The command `train`, passed down by the command line. */
export interface TrainingCommand {
  readonly form: TrainingForm;
  /** The program and its first arguments, such as `node main.js`. */
  readonly program: readonly [string, ...string[]];
  /**
   * Checks the arguments of `train` without opening images.
   * @throws {InputError} with the message of the command line
   */
  readonly check: (args: readonly string[]) => Promise<void>;
}

/**
 * Returns the options of `train` for the values of form fields, in the order of the form.
 * @throws {InputError} if a field is unknown or its value is of another kind
 */
export function optionsOf(form: TrainingForm, values: FieldValues): string[] {
  const fields = form.groups.flatMap((group) => group.fields);
  const unknown = Object.keys(values).find((name) => !fields.some((field) => field.name === name));
  if (unknown !== undefined) throw new InputError(unknown, 'no such option');
  return fields.flatMap(({ name, flag, kind }) => {
    const value = values[name];
    if (value === undefined || value === '') return [];
    if (kind === 'switch' && typeof value !== 'boolean') throw new InputError(flag, 'expected true or false');
    if (kind !== 'switch' && typeof value === 'boolean') throw new InputError(flag, 'expected a value');
    if (typeof value === 'boolean') return value ? [flag] : [];
    // One argument, so that a value is never taken for an option.
    return [`${flag}=${value}`];
  });
}

/** Returns the arguments of `agenet` that resume a run in the folder of the studio, or extend it. */
export const argumentsToResume = (
  folder: string,
  { run, extension }: { readonly run: string; readonly extension: Extension },
): string[] => [
  ...['train', '--resume', `${folder}/${run}`],
  ...Object.entries(extension).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
];

/** Returns a command as one types it in a shell. */
export const shellCommand = (args: readonly string[]): string =>
  ['npx', 'agenet', ...args].map(quotedForShell).join(' ');

function quotedForShell(argument: string): string {
  const [, flag, value] = /^(--[a-z-]+)=(.*)$/su.exec(argument) ?? [];
  if (flag !== undefined && value !== undefined && !value.startsWith('-')) return `${flag} ${quotedForShell(value)}`;
  return /^[\w@%+=:,./-]+$/u.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** Returns the field of the form that a message is about. */
export function fieldOf(message: string, form: TrainingForm): string | undefined {
  if (message.startsWith('--out:')) return 'name';
  const flag = /--[a-z]+(?:-[a-z]+)*/u.exec(message)?.[0];
  return form.groups.flatMap(({ fields }) => fields).find((field) => field.flag === flag)?.name;
}
