/** The options of `agenet train` as a form of the studio: the same definitions, ranges and errors. */
import { fileURLToPath } from 'node:url';
import type { Command, CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { CommanderError } from '@commander-js/extra-typings';
import { InputError } from '../errors.js';
import type { FormField, TrainingForm } from '../studio/schemas.js';
import type { TrainingCommand } from '../studio/trainingCommand.js';
import { flagOf, subcommand } from './command.js';
import * as train from './commands/train.js';
import { givenSettings, withoutAliases } from './options.js';

/** Options that the studio sets itself, and those of a terminal. */
const OMITTED: readonly string[] = ['out', 'resume', 'config', 'initFrom', 'dryRun', 'show', 'json', 'debug', 'help'];
/** Options that are lists of names. */
const LISTS: readonly string[] = ['augment', 'evaluateMetrics'];

/** Type and range of a setting in JSON Schema. */
interface Range {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Returns what the studio needs of `train`. */
export async function trainingCommand(): Promise<TrainingCommand> {
  const { presetNames } = await import('../runs/settings.node.js');
  const names = await presetNames();
  const ranges = await settingRanges();
  const command = await trainOptions();
  const groups = new Map<string, FormField[]>();
  for (const option of command.options as unknown as Option[]) {
    if (option.hidden || OMITTED.includes(option.attributeName())) continue;
    const title = (option.helpGroupHeading ?? 'Other:').replace(/:$/u, '');
    groups.set(title, [...(groups.get(title) ?? []), fieldOf(option, ranges, names)]);
  }
  const form: TrainingForm = {
    groups: Array.from(groups, ([title, fields]) => ({ title, fields })),
    presets: await Promise.all(names.map(async (name) => ({ name, description: await presetDescription(name) }))),
  };
  return {
    form,
    program: [process.execPath, fileURLToPath(new URL('main.js', import.meta.url))],
    check: checkTraining,
  };
}

/** The command `train` with its options, without running it. */
async function trainOptions(): Promise<CommandUnknownOpts> {
  const command = await train.define(subcommand('train', train));
  return (command as unknown as Command).exitOverride().configureOutput({ outputError: () => undefined });
}

/**
 * Checks the arguments of `agenet train` as the command does before it opens images.
 * @throws {InputError} with the same message
 */
async function checkTraining([, ...args]: readonly string[]): Promise<void> {
  const command = await trainOptions();
  let operands: string[];
  try {
    const parsed = command.parseOptions([...args]);
    operands = parsed.operands;
    if (parsed.unknown.length > 0) throw new InputError('train', `unknown option '${parsed.unknown[0]}'`);
  } catch (error) {
    throw error instanceof CommanderError ? new InputError('train', error.message.replace(/^error: /u, '')) : error;
  }
  const { resume, ...options } = withoutAliases(command.opts());
  const { resumedConfiguration } = await import('../runs/settings.node.js');
  const { RunFolder } = await import('../runs/runFolder.node.js');
  const { checkNewRun } = await import('../runs/train.node.js');
  const settings = await givenSettings(options);
  if (typeof resume === 'string') await resumedConfiguration(await RunFolder.open(resume), settings);
  else await checkNewRun({ ...settings, data: operands[0] ?? '' });
}

async function settingRanges(): Promise<Readonly<Record<string, Range>>> {
  const { z } = await import('zod');
  const { configurationSchema } = await import('../training/configurationSchema.js');
  const { properties = {} } = z.toJSONSchema(configurationSchema, { io: 'input', unrepresentable: 'any' }) as {
    readonly properties?: Record<string, Range>;
  };
  const length: Range = { type: 'integer', minimum: 1 };
  return { ...properties, epochs: length, steps: length, threads: { type: 'integer', minimum: 1, maximum: 1024 } };
}

function fieldOf(option: Option, ranges: Readonly<Record<string, Range>>, presets: readonly string[]): FormField {
  const name = option.negate ? nameOfNegated(option) : option.attributeName();
  const choices = name === 'preset' ? presets : name === 'channels' ? ['1', '3'] : option.argChoices;
  const description = option.description.replace(/; alias: [^)]*(?=\))/u, '').replace(/ \(alias: [^)]*\)/u, '');
  const shared = { name, flag: option.long ?? flagOf(name), description };
  if (option.isBoolean() || option.negate) return { ...shared, kind: 'switch' };
  if (choices) return { ...shared, kind: 'choice', choices: [...choices] };
  return { ...shared, ...kindOf(name, ranges[name]) };
}

/** `noLowering` for `--no-lowering`: the attribute itself means the opposite. */
const nameOfNegated = (option: Option): string =>
  `no${option.attributeName().replace(/^./u, (letter) => letter.toUpperCase())}`;

function kindOf(name: string, range: Range | undefined): Pick<FormField, 'kind' | 'min' | 'max'> {
  const { type, minimum: min, maximum: max } = range ?? {};
  if (type === 'integer' || type === 'number')
    return { kind: type, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  return { kind: LISTS.includes(name) ? 'list' : 'text' };
}

/** The comment at the beginning of a preset. */
async function presetDescription(name: string): Promise<string> {
  const { readTextFile } = await import('../files/regularFile.node.js');
  const text = await readTextFile(fileURLToPath(new URL(`../../presets/${name}.yaml`, import.meta.url)));
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const comment = lines.slice(0, end).map((line) => line.replace(/^# ?/u, ''));
  return comment.filter((line) => !line.startsWith('Usage:')).join(' ');
}
