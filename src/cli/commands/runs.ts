import { InputError, didYouMean, setting } from '../../errors.js';
import type { RunLibrary } from '../../studio/runLibrary.node.js';
import type { Action, Subcommand, Terminal } from '../command.js';

export const summary = 'list, rename or remove runs';
export const group = 'Training:';
export const details = `
Examples:
  agenet runs                                  the runs in the folder runs, with state and size
  agenet runs experiments                      those in another folder
  agenet runs --rename mnist-1 digits
  agenet runs --remove mnist-2 mnist-3         deletes these runs with all their files
`;

export const define = (command: Subcommand) =>
  command
    .argument('[folder]', 'folder of the runs', 'runs')
    .option('--rename <names...>', 'give a run another name: its name and the new one')
    .option('--remove <runs...>', 'delete runs with all their files');

export const action: Action<typeof define> = async (terminal, folder, { rename, remove }) => {
  const { listRuns, openRuns } = await import('../runList.js');
  const library = await openRuns(folder);
  if (rename && remove) throw new InputError(setting('rename'), 'excludes removing runs', 'do one after the other');
  if (rename) return renameRun(library, rename, terminal);
  if (remove) return removeRuns(library, remove, terminal);
  return listRuns(library, folder, terminal);
};

async function renameRun(library: RunLibrary, [id, name, ...others]: readonly string[], terminal: Terminal) {
  if (id === undefined || name === undefined || others.length > 0)
    throw new InputError(setting('rename'), 'expected the name of a run and a new one', 'give both');
  const { runName } = await import('../../studio/schemas.js');
  if (!runName.safeParse(name).success)
    throw new InputError(setting('rename'), `${name} is not a name for a folder`, 'use letters, digits, "-" and "_"');
  await library.rename(id, await folderOf(library, id), name);
  terminal.print(`renamed ${id} to ${name}`);
  return { result: { renamed: id, name }, isSaved: true };
}

async function removeRuns(library: RunLibrary, ids: readonly string[], terminal: Terminal) {
  const { diskUse, megabytes } = await import('../runList.js');
  // All are found before the first is removed.
  const folders = await Promise.all(ids.map(async (id) => [id, await folderOf(library, id)] as const));
  const removed: { run: string; bytes: number }[] = [];
  for (const [id, folder] of folders) {
    const bytes = await diskUse(folder.path);
    await library.delete(id, folder);
    removed.push({ run: id, bytes });
    terminal.print(`removed ${id} (${megabytes(bytes)})`);
  }
  return { result: { removed }, isSaved: true };
}

/** @throws {InputError} if there is no such run */
async function folderOf(library: RunLibrary, id: string) {
  const found = await library.find(id);
  if (found) return found.folder;
  const known = library.summaries.map((run) => run.id);
  throw new InputError(id, `no such run${didYouMean(id, known)}`);
}
