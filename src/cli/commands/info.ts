import type { ImageSource } from '../../data/source.js';
import { InputError } from '../../errors.js';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { decodingProgress } from '../progress.js';

export const summary = 'describe a run, a folder of runs, or a data set';
export const group = 'Training:';

export const define = (command: Subcommand) =>
  command
    .argument('<run-or-data>', 'run folder, checkpoint, folder of runs, or data set')
    .action((name, options) => runAction(options, (terminal) => info(name, terminal)));

async function info(name: string, terminal: Terminal): Promise<ActionResult> {
  const { isDataSpec, openSource, DATA_SPEC_HELP } = await import('../../data/open.node.js');
  const found = await stat(name).catch(() => undefined);
  if (!isDataSpec(name) && found === undefined) {
    throw new InputError(name, 'not a run folder, checkpoint or data set', `choose from ${DATA_SPEC_HELP}`);
  }
  const isRun =
    !isDataSpec(name) &&
    (found?.isFile() === true || (await stat(join(name, 'config.json')).catch(() => undefined)) !== undefined);
  if (isRun) return describeRun(name, terminal);
  if (found?.isDirectory() && !isDataSpec(name)) {
    const { listRuns, openRuns } = await import('../runList.js');
    const library = await openRuns(name);
    if (library.summaries.length > 0) return listRuns(library, name, terminal);
  }
  const source = await openSource(name, undefined, {
    onWarning: terminal.note,
    onProgress: decodingProgress(terminal),
  });
  try {
    return describeSource(source, terminal);
  } finally {
    source.close?.();
  }
}

function describeSource({ name, size, channels, train, test, classes }: ImageSource, terminal: Terminal): ActionResult {
  terminal.print(
    `${name}: ${size.join('x')} ${channels === 1 ? 'grayscale' : 'RGB'}; ${train.count} training images, ${test.count} test images; ${classes === null ? 'no labels' : `${classes} classes`}`,
  );
  return { result: { name, size, channels, train: train.count, test: test.count, classes } };
}

async function describeRun(path: string, terminal: Terminal): Promise<ActionResult> {
  const { readCheckpoint } = await import('../../runs/runFolder.node.js');
  const { iterationSpec } = await import('../../training/configuration.js');
  const { BestCheckpoint } = await import('../../runs/bestCheckpoint.node.js');
  const { OwnFolder } = await import('../../runs/ownFolder.node.js');
  const { bestLine } = await import('../metricTables.js');
  const { configuration, step, file } = await readCheckpoint(path);
  const { pair } = iterationSpec(configuration);
  const parameters = { encoder: pair.encoder.parameters.size, generator: pair.generator.parameters.size };
  const length =
    'steps' in configuration.length
      ? `${configuration.length.steps} iterations`
      : `${configuration.length.epochs} epochs`;
  terminal.print(
    `${path}: ${configuration.network} of width ${configuration.width} and latent size ${configuration.latent}, trained on ${configuration.data} for ${step} iterations (of ${length})`,
  );
  terminal.print(
    `encoder ${parameters.encoder} parameters, generator ${parameters.generator}; latest checkpoint ${file}`,
  );
  // A checkpoint file alone has no record of the best one.
  const best = file === path ? undefined : await new BestCheckpoint(await OwnFolder.at(path)).read();
  if (best) terminal.print(bestLine(best));
  terminal.printObject(configuration);
  return { result: { run: path, step, checkpoint: file, parameters, ...(best ? { best } : {}), configuration } };
}
