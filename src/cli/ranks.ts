/** Commands that several processes run together. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { World } from '../distributed/openMpi.node.js';
import { InputError } from '../errors.js';
import type { ActionResult, Terminal } from './command.js';

/**
 * Runs work in this process, or together with the processes that `mpirun` has started with it (ranks). Rank 0 prints; the others print errors
 * only. A rank that fails leaves without a word to the others, so that `mpirun` ends them.
 */
export async function withRanks(terminal: Terminal, work: (world: World | undefined) => Promise<ActionResult>): Promise<ActionResult> {
  const { connect, isLaunched } = await import('../distributed/openMpi.node.js');
  if (!isLaunched()) return work(undefined);
  const world = await connect();
  if (world.rank > 0) terminal.printErrorsOnly(`rank ${world.rank}`);
  await requireSameVersions(world);
  const result = await work(world.size > 1 ? world : undefined);
  world.finalize();
  return result;
}

/** @throws {InputError} unless all ranks run the same version of this program with the same libraries */
async function requireSameVersions(world: World): Promise<void> {
  const { differingRanks } = await import('../engine/runtime/communicator.js');
  const manifest = readFileSync(new URL('../../package.json', import.meta.url));
  const [differing] = differingRanks(world, createHash('sha256').update(manifest).digest());
  if (differing !== undefined) throw new InputError(`rank ${differing}: runs another version of agenet than rank 0; install the same version on every host`);
}
