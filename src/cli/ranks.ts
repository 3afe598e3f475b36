import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { World } from '../distributed/openMpi.node.js';
import { setting, type Text } from '../errors.js';
import { type ActionResult, runAction, STATUS, type Terminal } from './command.js';

type Work = (terminal: Terminal, world: World | undefined) => Promise<ActionResult>;

/** Runs an action in this process, or in the first one that `mpirun` started (rank 0). */
export async function runAlone(command: CommandUnknownOpts, work: Work) {
  const { launchedRank } = await import('../distributed/launch.node.js');
  if ((launchedRank() ?? 0) === 0) await runAction(command.opts(), (terminal) => work(terminal, undefined));
}

/** Runs an action in this process, or in all ranks. Only rank 0 prints more than errors. */
export const runTogether = (command: CommandUnknownOpts, work: Work) =>
  runAction(command.opts(), async (terminal) => {
    const { bindingNote, launchedRank } = await import('../distributed/launch.node.js');
    const rank = launchedRank();
    if (rank === undefined) return work(terminal, undefined);
    if (rank > 0) terminal.printErrorsOnly(`rank ${rank}`);
    const { connect } = await import('../distributed/openMpi.node.js');
    const world = await connect();
    const binding = bindingNote(world.cores);
    if (binding !== undefined) terminal.note(binding);
    await requireSameCommands(world, command);
    const result = await work(terminal, world.size > 1 ? world : undefined);
    // Without MPI_Finalize, `mpirun` ends the other ranks: after a failure, or an interruption before training.
    if (result.status !== STATUS.interrupted || result.isSaved) world.finalize();
    return result;
  });

/** Hosts may differ in their number of cores. */
const OWN_OPTIONS = ['threads', 'debug'];

/** @throws {InputError} if versions or commands differ, because only the options of rank 0 have an effect */
async function requireSameCommands(world: World, command: CommandUnknownOpts) {
  const { requireSame } = await import('../engine/runtime/communicator.js');
  const { withoutAliases } = await import('./settingOptions.js');
  const compare = (content: Buffer | string, about: Text, remedy: string) =>
    requireSame(world, createHash('sha256').update(content).digest(), about, remedy);
  const manifest = readFileSync(new URL('../../package.json', import.meta.url));
  compare(manifest, 'versions of agenet', 'install the same version on every host');
  const compareArgument = (about: Text, value: unknown) =>
    compare(JSON.stringify([value]), about, 'start all processes with the same command line');
  compareArgument('command', command.name());
  const options = withoutAliases(command.opts() as Record<string, unknown>);
  // Every rank compares the same options, given or not, because each comparison is a message.
  for (const key of command.options.map((option) => option.attributeName()))
    if (!OWN_OPTIONS.includes(key)) compareArgument(setting(key), options[key]);
  command.registeredArguments.forEach((argument, index) =>
    compareArgument(setting(argument.name()), command.processedArgs[index]),
  );
}
