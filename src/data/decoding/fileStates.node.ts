import { statSync, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { describeSystemError } from '../../files/atomic.node.js';
import { LatencyBudget } from '../../latencyBudget.js';
import { forEachConcurrently } from './concurrency.js';

/** Files that are asked about before looking at the clock. */
const BLOCK = 64;
/** Questions under way at a time where each takes long: enough for a file system that answers over a network. */
const AT_A_TIME = 64;
/** A disk that answers within this many milliseconds a file is asked directly, which takes a quarter of the processor's time. */
const QUICK_MS = 0.05;

/** A text that changes when the file does, by its size and the time of its last change; or why it is no file to read. */
export type FileState = string | { readonly reason: string };

/** The states of files, in their order. */
export async function fileStates(paths: readonly string[], pace = new LatencyBudget(QUICK_MS)): Promise<readonly FileState[]> {
  const states: FileState[] = [];
  while (states.length < paths.length && pace.hasBudgetLeft) {
    const block = paths.slice(states.length, states.length + BLOCK);
    states.push(...pace.measure(() => block.map(stateAtOnce), block.length));
  }
  const first = states.length;
  await forEachConcurrently(paths.length - first, AT_A_TIME, async (place) => {
    states[first + place] = await stat(paths[first + place]!, { bigint: true }).then(describe, refusal);
  });
  return states;
}

function stateAtOnce(path: string): FileState {
  try {
    return describe(statSync(path, { bigint: true }));
  } catch (error) {
    return refusal(error);
  }
}

const describe = (found: BigIntStats): FileState => (found.isFile() ? `${found.size} bytes, changed ${found.mtimeNs}` : { reason: 'it is not a file' });

const refusal = (error: unknown): FileState => ({ reason: describeSystemError(error) });
