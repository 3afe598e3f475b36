import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { once } from 'node:events';
import { temporaryFolder } from '../temporaryFolder.js';

describe('a second signal', () => {
  it.runIf(process.platform === 'linux')(
    'ends the process during a native call, and removes unfinished files',
    async () => {
      const folder = temporaryFolder();
      const script = new URL('nativeCall.mjs', import.meta.url).pathname;
      const child = spawn(process.execPath, [script], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
      const exit = once(child, 'exit');
      onTestFinished(() => void child.kill('SIGKILL'));
      while (!existsSync(join(folder, 'started'))) await pause(10);
      child.kill('SIGTERM');
      while (!existsSync(join(folder, 'stopping'))) await pause(10);
      // A repetition within half a second counts as the same signal.
      await pause(600);
      child.kill('SIGTERM');
      expect(await exit).toEqual([null, 'SIGINT']);
      expect(existsSync(join(folder, 'unfinished'))).toBe(false);
    },
  );
});
