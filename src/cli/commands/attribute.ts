import type { ImageSource, Split } from '../../data/source.js';
import { InputError, nearestName } from '../../errors.js';
import { runFolderPath } from '../attributeOptions.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { compilerOf, type CompilerOptions, deviceOption, emaOption, RUN_DATA_HELP, splitOption, threadsOption } from '../options.js';

const REST = 'rest';

const EXAMPLES = `
Examples:
  agenet attribute runs/mnist-1 --with 3 --without 5              the direction from fives to threes, as 3-not-5
  agenet attribute runs/faces photos --with smiling --without rest --name smile
  agenet sample runs/faces --along smile --by 0.5                 then moves codes by half a radian that way
`;

export const summary = 'find the latent direction that separates one class from another';
export const group = 'Samples and codes:';

export const define = (command: Subcommand) =>
  command
    .argument('<run>', 'a run folder, or a checkpoint in one; the direction is kept there')
    .argument('[data]', `labeled data: ${RUN_DATA_HELP}`)
    .requiredOption('--with <class>', 'a class, by its name or number')
    .option('--without <class>', 'another class, or rest for all others', REST)
    .option('--name <name>', 'what to call the direction (default: made of the classes, such as 3-not-5)')
    .addOption(splitOption())
    .addOption(emaOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, data, options) => runAction(options, (terminal) => attribute(run, data, options, terminal)));

type Options = {
  readonly with: string;
  readonly without: string;
  readonly name?: string | undefined;
  readonly split: string;
  readonly ema: boolean;
} & CompilerOptions;

async function attribute(run: string, data: string | undefined, options: Options, terminal: Terminal): Promise<ActionResult> {
  const { openRun } = await import('../openRun.js');
  const { openRunData, splitOf } = await import('../runData.js');
  const { encodeSplit } = await import('../../model/encodeSplit.js');
  const { meanDifference } = await import('../../model/meanDifference.js');
  const { AttributeFiles, attributeNameOf, checkAttributeName } = await import('../../runs/attributeFiles.node.js');
  const { split, ema } = options;
  const name = options.name ?? attributeNameOf(options.without === REST ? options.with : `${options.with}-not-${options.without}`);
  checkAttributeName(name);
  const { model, checkpoint } = await openRun(run, compilerOf(options, terminal), options);
  const files = new AttributeFiles(runFolderPath(run));
  const source = await openRunData(data, checkpoint.configuration, terminal);
  try {
    const part = splitOf(source, split);
    const [rowsWith, rowsWithout] = rowsByClass(source, part, options);
    const codes = await encodeSplit(model, part, [...rowsWith, ...rowsWithout]);
    const [numbersWith, numbersWithout] = [rowsWith.map((_, place) => place), rowsWithout.map((_, place) => rowsWith.length + place)];
    const { direction } = meanDifference(codes, model.latentSize, numbersWith, numbersWithout);
    const origin = {
      data: source.name,
      split,
      with: options.with,
      without: options.without,
      countWith: rowsWith.length,
      countWithout: rowsWithout.length,
      step: checkpoint.step,
      raw: !ema,
    };
    const file = await files.write({ name, direction, origin });
    const length = Math.hypot(...direction);
    terminal.print(`${name}: ${rowsWith.length} images with, ${rowsWithout.length} without; mean codes ${length.toPrecision(3)} apart: ${file}`);
    return { result: { out: file, name, length, ...origin } };
  } finally {
    await model.release();
    source.close?.();
  }
}

/** The images with and without, by their numbers. Throws InputError for data without labels, classes that there are not, and empty ones. */
function rowsByClass(source: ImageSource, { labels }: Split, options: Options): [number[], number[]] {
  if (labels === null || source.classes === null) {
    throw new InputError(`${source.name}: has no labels, which an attribute is made of; use data with classes, such as a folder with a folder for each`);
  }
  const wanted = classOf(source, options.with, '--with');
  const other = options.without === REST ? undefined : classOf(source, options.without, '--without');
  if (wanted === other) throw new InputError(`--without ${options.without}: is the class of --with; name another, or rest`);
  const [rowsWith, rowsWithout]: [number[], number[]] = [[], []];
  labels.forEach((label, index) => {
    if (label === wanted) rowsWith.push(index);
    else if (other === undefined || label === other) rowsWithout.push(index);
  });
  for (const [rows, flag] of [[rowsWith, '--with'] as const, [rowsWithout, '--without'] as const]) {
    if (rows.length === 0) throw new InputError(`${flag}: there are no such images in the part ${options.split} of ${source.name}`);
  }
  return [rowsWith, rowsWithout];
}

/** The number of a class by its name, or by its number where no name is it. */
function classOf({ name, classes, classNames = [] }: ImageSource, text: string, flag: string): number {
  const named = classNames.indexOf(text);
  if (named >= 0) return named;
  const count = classes ?? 0;
  if (/^\d+$/.test(text) && Number(text) < count) return Number(text);
  const nearest = nearestName(text, classNames);
  const numbers = `0 to ${count - 1}`;
  const known = classNames.length > 0 ? `${classNames.slice(0, 20).join(', ')}${classNames.length > 20 ? ' and more' : ''}, or by number ${numbers}` : numbers;
  throw new InputError(`${flag} ${text}: ${name} has no such class${nearest === undefined ? '' : `, did you mean ${nearest}?`} (its classes are ${known})`);
}
