/** Requests to a training in another process, as a file in its run folder: it outlives the process that wrote it, and reaches other hosts. */
import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically, wrapWriteErrors } from '../files/atomic.node.js';
import type { Direction } from '../training/trainingLoop.js';

export const STEERING_NAME = 'steering.json';

/** Pause once this many iterations are done, or save and end. Without a request, training continues. */
type SteeringRequest = { readonly pauseAt: number } | { readonly stop: true };

/** Replaces the request to the training in a run folder; undefined lets it continue. */
export async function requestSteering(run: string, request: SteeringRequest | undefined): Promise<void> {
  const file = join(run, STEERING_NAME);
  if (request === undefined) await wrapWriteErrors(file, () => rm(file, { force: true }));
  else await writeFileAtomically(file, new TextEncoder().encode(`${JSON.stringify(request)}\n`));
}

/** Milliseconds between two checks of the file, each of which may take one on a network file system. */
const INTERVAL_MS = 50;

/**
 * Returns a function that returns the direction of the training in a run folder after a number of iterations. A file that cannot be read, or
 * contains anything else, requests nothing.
 */
export function followSteering(run: string): (step: number) => Direction {
  const file = join(run, STEERING_NAME);
  let request: SteeringRequest | undefined;
  let checkedAt = -Infinity;
  return (step) => {
    const now = performance.now();
    if (now - checkedAt >= INTERVAL_MS) {
      checkedAt = now;
      request = readRequest(file);
    }
    if (request === undefined) return 'train';
    if ('stop' in request) return 'stop';
    return step >= request.pauseAt ? 'pause' : 'train';
  };
}

function readRequest(file: string): SteeringRequest | undefined {
  try {
    // Most runs have no such file, and an exception is slower.
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
    const found = JSON.parse(readFileSync(file, 'utf8')) as Partial<{ pauseAt: unknown; stop: unknown }> | null;
    if (found?.stop === true) return { stop: true };
    return typeof found?.pauseAt === 'number' ? { pauseAt: found.pauseAt } : undefined;
  } catch {
    return undefined;
  }
}
