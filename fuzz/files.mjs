import { execFileSync } from 'node:child_process';

/** Creates a named pipe. */
export const makeFifo = (path) => void execFileSync('mkfifo', [path.startsWith('-') ? `./${path}` : path]);
