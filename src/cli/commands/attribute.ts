import { runFolderPath } from '../attributeOptions.js';
import { type ActionResult, runAction, subcommand, type Terminal } from '../command.js';
import { openRun } from '../openRun.js';
import { compilerOf, type CompilerOptions, deviceOption, threadsOption } from '../options.js';
import { openRunData, splitOf, splitOption } from '../runData.js';
import { DATA_SPEC_HELP } from '../../data/open.node.js';
import { attributeNameOf, imagesByClass, meanDifference, REST } from '../../model/attribute.js';
import { encodeSplit } from '../../model/chunks.js';
import { AttributeFiles, checkAttributeName } from '../../runs/runAssets.node.js';

const EXAMPLES = `
Examples:
  agenet attribute runs/mnist-1 --with 3 --without 5              the direction from fives to threes, as 3-not-5
  agenet attribute runs/faces photos --with smiling --without rest --name smile
  agenet sample runs/faces --along smile --by 0.5                 move codes by half a radian along it
`;

export const attributeCommand = () =>
  subcommand('attribute', 'find the latent direction that separates one class from another')
    .argument('<run>', 'a run folder, or a checkpoint in one; stores the direction there')
    .argument('[data]', `data with labels: ${DATA_SPEC_HELP} (default: the training data of the run)`)
    .requiredOption('--with <class>', 'a class, by name or number')
    .option('--without <class>', 'another class, or rest for all others', REST)
    .option('--name <name>', 'name of the direction (default: made from the classes, e.g. 3-not-5)')
    .addOption(splitOption())
    .option('--no-ema', 'use raw weights instead of EMA weights')
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
  const { ema } = options;
  const name = options.name ?? attributeNameOf(options.without === REST ? options.with : `${options.with}-not-${options.without}`);
  checkAttributeName(name);
  const { model, checkpoint } = await openRun(run, compilerOf(options, terminal), options);
  const files = new AttributeFiles(runFolderPath(run));
  const source = await openRunData(data, checkpoint.configuration, terminal);
  try {
    const split = splitOf(source, options.split);
    const [indicesWith, indicesWithout] = imagesByClass(source, split, options);
    const direction = meanDifference(await encodeSplit(model, split, indicesWith), await encodeSplit(model, split, indicesWithout), model.latentSize);
    const origin = {
      data: source.name,
      split: options.split,
      with: options.with,
      without: options.without,
      count_with: indicesWith.length,
      count_without: indicesWithout.length,
      step: checkpoint.step,
      ema,
    };
    const file = await files.write({ name, direction, origin });
    const length = Math.hypot(...direction);
    terminal.print(`${name}: ${indicesWith.length} images with, ${indicesWithout.length} without; distance between mean codes ${length.toPrecision(3)}`);
    terminal.print(`Wrote the attribute to ${file}`);
    return { result: { out: file, name, length, ...origin } };
  } finally {
    await model.release();
    source.close?.();
  }
}
