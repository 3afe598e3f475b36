import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically, wrapWriteErrors } from '../files/atomic.node.js';
import { requireRegular } from '../files/regularFile.node.js';
import type { Direction } from '../training/trainingLoop.js';
import { READING_WITHOUT_LINKS } from './ownFolder.node.js';

export const STEERING_NAME = 'steering.json';

/** Pauses after that many iterations, or saves and ends. A file reaches other hosts. */
type SteeringRequest = { pauseAt: number } | { stop: true };

/** Without a request, training continues. */
export async function requestSteering(run: string, request: SteeringRequest | undefined) {
  const file = join(run, STEERING_NAME);
  if (request === undefined) await wrapWriteErrors(file, () => rm(file, { force: true }));
  else await writeFileAtomically(file, `${JSON.stringify(request)}\n`);
}

/** A check may take 1 ms on a network file system. */
const INTERVAL_MS = 50;

/** An unreadable file requests nothing. */
export function followSteering(run: string) {
  let request: SteeringRequest | undefined;
  let checkedAt = -Infinity;
  return (step: number): Direction => {
    const now = performance.now();
    if (now - checkedAt >= INTERVAL_MS) {
      checkedAt = now;
      request = readSteering(run);
    }
    if (request === undefined) return 'train';
    if ('stop' in request) return 'stop';
    return step >= request.pauseAt ? 'pause' : 'train';
  };
}

export function readSteering(run: string): SteeringRequest | undefined {
  const file = join(run, STEERING_NAME);
  try {
    // Most runs have no such file, and an exception is slower.
    if (!statSync(file, { throwIfNoEntry: false })) return undefined;
    const found = JSON.parse(readStart(file)) as { pauseAt?: unknown; stop?: unknown } | null;
    if (found?.stop === true) return { stop: true };
    return typeof found?.pauseAt === 'number' ? { pauseAt: found.pauseAt } : undefined;
  } catch {
    return undefined;
  }
}

const MAX_BYTES = 4096;

function readStart(path: string) {
  const file = openSync(path, READING_WITHOUT_LINKS);
  try {
    requireRegular(fstatSync(file));
    const bytes = Buffer.alloc(MAX_BYTES);
    return bytes.toString('utf8', 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
