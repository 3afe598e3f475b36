/** Commands that several processes run together. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { World } from '../distributed/openMpi.node.js';
import { type ActionResult, type PrintOptions, runInTerminal, STATUS, type Terminal } from './command.js';

/**
 * Runs the action of a command as `runAction` does: in this process, or together with the processes that `mpirun` has started with it (ranks). Rank 0
 * prints; the others print errors only.
 */
export const runTogether = (
  options: PrintOptions,
  work: (terminal: Terminal, world: World | undefined) => Promise<ActionResult>,
): Promise<void> => runInTerminal(options, (terminal) => withRanks(terminal, (world) => work(terminal, world)));

/** A rank that fails, or is interrupted before training, exits without MPI_Finalize, so that `mpirun` ends the others. */
async function withRanks(
  terminal: Terminal,
  work: (world: World | undefined) => Promise<ActionResult>,
): Promise<ActionResult> {
  const { bindingNote, launchedRank } = await import('../distributed/launch.node.js');
  const rank = launchedRank();
  if (rank === undefined) return work(undefined);
  if (rank > 0) terminal.printErrorsOnly(`rank ${rank}`);
  const { connect } = await import('../distributed/openMpi.node.js');
  const world = await connect();
  const binding = bindingNote(world.cores);
  if (binding !== undefined) terminal.note(binding);
  await requireSameVersions(world);
  const result = await work(world.size > 1 ? world : undefined);
  const isExpected = result.status !== STATUS.interrupted || (result.isSaved ?? false);
  if (isExpected) world.finalize();
  return result;
}

/** @throws {InputError} unless all ranks run the same version of this program with the same libraries */
async function requireSameVersions(world: World): Promise<void> {
  const { requireSame } = await import('../engine/runtime/communicator.js');
  const manifest = readFileSync(new URL('../../package.json', import.meta.url));
  requireSame(world, createHash('sha256').update(manifest).digest(), {
    problem: 'run different versions of agenet',
    remedy: 'install the same version on every host',
  });
}
