import { InputError } from '../../errors.js';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Action, Subcommand, Terminal } from '../command.js';
import { decodingReports } from '../progress.js';

export const summary = 'describe a run, a folder of runs, or a data set';
export const group = 'Training:';

export const define = (command: Subcommand) =>
  command.argument('<run-or-data>', 'run folder, checkpoint, folder of runs, or data set');

export const action: Action<typeof define> = async (terminal, name) => {
  const { isDataSpec, openSource, DATA_SPEC_HELP } = await import('../../data/open.node.js');
  if (!isDataSpec(name)) {
    const statusOf = (path: string) => stat(path).catch(() => undefined);
    const found = await statusOf(name);
    if (found === undefined)
      throw new InputError(name, 'not a run folder, checkpoint or data set', `choose from ${DATA_SPEC_HELP}`);
    if (found.isFile() || (await statusOf(join(name, 'config.json')))) return describeRun(name, terminal);
    if (found.isDirectory()) {
      const { listRuns, openRuns } = await import('../runList.js');
      const library = await openRuns(name);
      if (library.summaries.length > 0) return listRuns(library, name, terminal);
    }
  }
  const source = await openSource(name, undefined, decodingReports(terminal));
  const { size, channels, train, test, classes } = source;
  source.close?.();
  terminal.print(
    `${source.name}: ${size.join('x')} ${channels === 1 ? 'grayscale' : 'RGB'}; ${train.count} training images, ${test.count} test images; ${classes === null ? 'no labels' : `${classes} classes`}`,
  );
  return { result: { name: source.name, size, channels, train: train.count, test: test.count, classes } };
};

async function describeRun(path: string, terminal: Terminal) {
  const { readCheckpoint } = await import('../../runs/runFolder.node.js');
  const { iterationSpec } = await import('../../training/configuration.js');
  const { BestCheckpoint } = await import('../../runs/bestCheckpoint.node.js');
  const { OwnFolder } = await import('../../runs/ownFolder.node.js');
  const { bestLine } = await import('../metricTables.js');
  const { configuration, step, file } = await readCheckpoint(path);
  const { encoder, generator } = iterationSpec(configuration).pair;
  const parameters = { encoder: encoder.parameters.size, generator: generator.parameters.size };
  const { network, width, latent, data, length } = configuration;
  const total = 'steps' in length ? `${length.steps} iterations` : `${length.epochs} epochs`;
  terminal.print(
    `${path}: ${network} of width ${width} and latent size ${latent}, trained on ${data} for ${step} iterations (of ${total})`,
  );
  terminal.print(
    `encoder ${parameters.encoder} parameters, generator ${parameters.generator}; latest checkpoint ${file}`,
  );
  // A checkpoint file alone has no record of the best one.
  const best = file === path ? undefined : await new BestCheckpoint(await OwnFolder.at(path)).read();
  if (best) terminal.print(bestLine(best));
  terminal.printObject(configuration);
  return { result: { run: path, step, checkpoint: file, parameters, best, configuration } };
}
