import { basename, extname, join } from 'node:path';
import { gridOf, imagesIn } from '../../images/imageGrid.js';
import type { Action, Subcommand } from '../command.js';
import { addModelOptions, withModel } from '../modelCommand.js';
import { refineNoiseOption, seedOption, wholeNumber } from '../options.js';
import { forceOption, prepareOutput, writeImage } from '../output.js';

export const summary = 'colorize photos, fill their holes, or add detail';
export const group = 'Samples and codes:';
export const details = `
Does what the run was trained for: --condition gray, mask or small:SIDE. Photos have any size, which their completions keep.

Examples:
  agenet complete runs/gray old.jpg                          six colorizations, and old.png with all of them
  agenet complete runs/mask photo.png --mask hole.png        fills the white part of hole.png
  agenet complete runs/mask cutout.png --count 1             fills the transparent pixels
`;

export const define = (command: Subcommand) =>
  addModelOptions(
    command
      .argument('<run>', 'run folder or checkpoint')
      .argument('<images...>', 'image files and folders')
      .option('--count <number>', 'completions of each image', wholeNumber(1, 1000), 6)
      .addOption(seedOption())
      .option(
        '--mask <image>',
        'with the condition mask: white where images are hidden (default: where they are transparent)',
      )
      .option(
        '--refine <number>',
        'reconstruct each completion N times (default: 3 of holes, otherwise 1)',
        wholeNumber(0, 100),
      )
      .addOption(refineNoiseOption())
      .option('--out <folder>', 'a new folder', 'completed')
      .addOption(forceOption()),
  );

export const action: Action<typeof define> = async (terminal, run, images, options) => {
  const { imageFilesOf } = await import('../imageFiles.js');
  const { out, count, seed, mask, refine, refineNoise } = options;
  await prepareOutput(options, ['folder'], images);
  const files = await imageFilesOf(images);
  const names = distinctNames(files);
  await withModel(run, options, terminal, async (model) => {
    for (const [index, file] of files.entries()) {
      const completed = imagesIn(await model.complete(file, { count, seed, mask, refine, refineNoise }));
      await writeImage(join(out, `${names[index]}.png`), gridOf(completed, completed.length));
      for (const [number, image] of completed.slice(1).entries())
        await writeImage(join(out, `${names[index]}-${number + 1}.png`), image);
    }
  });
  terminal.print(
    `Wrote ${count} completions of ${files.length === 1 ? '1 image' : `${files.length} images`} to ${out}`,
  );
  return { result: { out, images: files.length, count, seed, refine } };
};

/** Files of one name get a number. */
function distinctNames(files: readonly string[]) {
  const taken = new Set<string>();
  return files.map((file) => {
    const name = basename(file, extname(file));
    let distinct = name;
    for (let number = 2; taken.has(distinct); number++) distinct = `${name}_${number}`;
    taken.add(distinct);
    return distinct;
  });
}
