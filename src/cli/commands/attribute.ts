import type { Action, Subcommand } from '../command.js';
import { addModelOptions, hasModelClasses, splitOf, whileHeld, withRunData } from '../modelCommand.js';
import { RUN_DATA_HELP, splitOption } from '../options.js';

export const summary = 'find the latent direction that separates one class from another';
export const group = 'Samples and codes:';
export const details = `
Examples:
  agenet attribute runs/mnist-1 --with 3 --without 5              the direction from fives to threes, as 3-not-5
  agenet attribute runs/faces photos --with smiling --without rest --name smile
  agenet sample runs/faces --along smile --by 0.5                 move codes by half a radian along it
`;

export const define = async (command: Subcommand) => {
  const { REST } = await import('../../model/attribute.js');
  return addModelOptions(
    command
      .argument('<run>', 'run folder, or a checkpoint in one; stores the direction there')
      .argument('[data]', `labeled data: ${RUN_DATA_HELP}`)
      .requiredOption('--with <class>', 'a class, by its name or number')
      .option('--without <class>', 'another class, or rest for all others', REST)
      .option('--name <name>', 'name of the direction (default: made from the classes, e.g. 3-not-5)')
      .addOption(splitOption()),
  );
};

export const action: Action<typeof define> = async (terminal, run, data, options) => {
  const { attributeNameOf, imagesByClass, meanDifference, REST } = await import('../../model/attribute.js');
  const { ATTRIBUTES, requireAssetName, RunAssets, runFolderPath } = await import('../../runs/runAssets.node.js');
  const { without, split } = options;
  const name = options.name ?? attributeNameOf(without === REST ? options.with : `${options.with}-not-${without}`);
  requireAssetName(name, ATTRIBUTES);
  const folder = runFolderPath(run);
  return withRunData(run, data, options, terminal, async ({ model, checkpoint, source, openCodes }) => {
    const images = splitOf(source, split);
    const [indicesWith, indicesWithout] = imagesByClass(source, images, options);
    if (hasModelClasses(source, checkpoint.configuration))
      terminal.note('note: codes leave these classes to the condition; reconstruct --to-class changes them');
    const codes = await openCodes({ isConditioned: true }).codes(images, [...indicesWith, ...indicesWithout]);
    const boundary = indicesWith.length * model.latentSize;
    const direction = meanDifference(codes.subarray(0, boundary), codes.subarray(boundary), model.latentSize);
    const origin = {
      ...{ data: source.name, split, with: options.with, without },
      count_with: indicesWith.length,
      count_without: indicesWithout.length,
      step: checkpoint.step,
      ema: options.ema,
    };
    const attributes = new RunAssets(folder, ATTRIBUTES);
    const file = await whileHeld(folder, () => attributes.write({ name, direction, origin }));
    const length = Math.hypot(...direction);
    terminal.print(
      `${name}: ${origin.count_with} images with, ${origin.count_without} without; distance between mean codes ${length.toPrecision(3)}`,
    );
    terminal.print(`Wrote the attribute to ${file}`);
    return { result: { out: file, name, length, ...origin } };
  });
};
