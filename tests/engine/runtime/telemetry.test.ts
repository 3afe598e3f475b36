import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startCommand } from '../../cli/runCommand.js';
import { makeTinyRun } from '../../cli/tinyRun.js';
import { temporaryFolder } from '../../temporaryFolder.js';

describe('the telemetry of ONNX Runtime', () => {
  it('is off: a command leaves nothing in the home folder or among temporary files', async () => {
    const folder = temporaryFolder();
    const [home, temporary] = [join(folder, 'home'), join(folder, 'temporary')];
    mkdirSync(home);
    mkdirSync(temporary);
    await makeTinyRun(join(folder, 'run'));
    const command = startCommand(['sample', 'run', '--count', '1', '--threads', '1'], folder, { HOME: home, TMPDIR: temporary });
    expect(await command.finished).toMatchObject({ status: 0, stderr: '' });
    expect([readdirSync(home), readdirSync(temporary)]).toEqual([[], []]);
  });
});
