import { spawnSync } from 'node:child_process';
import { partialPath } from '../../src/files/atomic.node.js';

const hex = (pid: number): string => pid.toString(16).padStart(8, '0');

/** A path of the file or folder that a process was writing when it was killed. */
export const abandonedPath = (path: string): string =>
  partialPath(path).replace(hex(process.pid), hex(spawnSync(process.execPath, ['-e', '']).pid));
