import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectBadInput, startCommand } from '../runCommand.js';
import { makeTinyRun } from '../tinyRun.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';

const cwd = sharedTemporaryFolder();

describe('agenet studio', () => {
  const blocker = createServer();
  beforeAll(() => new Promise<void>((resolve) => void blocker.listen(0, '127.0.0.1', resolve)));
  afterAll(() => void blocker.close());

  it('names a port that is in use, a folder that is a run, and wrong options', async () => {
    const { port } = blocker.address() as AddressInfo;
    await expectBadInput(
      ['studio', '--port', String(port)],
      cwd,
      `--port: ${port} is in use; choose another, or 0 for any`,
    );
    await makeTinyRun(join(cwd, 'run'));
    await expectBadInput(['studio', 'run', '--port', '0'], cwd, 'run: is a run; name the folder that contains it');
    writeFileSync(join(cwd, 'file'), '');
    await expectBadInput(['studio', 'file', '--port', '0'], cwd, 'file');
    await expectBadInput(['studio', '--port', '70000'], cwd, 'It must be a whole number from 0 to 65535');
    await expectBadInput(['studio', '--parallel', '0'], cwd, 'It must be a whole number from 1 to 64');
    await expectBadInput(
      ['studio', '--port', '0', '--host', 'no such host'],
      cwd,
      '--host: cannot listen on no such host',
    );
  });

  it('prints its URL, with a token beyond this machine, and ends at Ctrl-C without leaving anything', async () => {
    mkdirSync(join(cwd, 'empty'));
    const studio = startCommand(['studio', 'empty', '--port', '0', '--no-open', '--host', '127.0.0.2', '--json'], cwd);
    await studio.said('press Ctrl-C');
    studio.child.kill('SIGINT');
    const { status, stdout, stderr } = await studio.finished;
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^studio of empty: http:\/\/127\.0\.0\.2:\d+\/\?token=[\w-]{43}\npress Ctrl-C to end it; runs continue to train without it\n$/u,
    );
    expect(JSON.parse(stdout)).toMatchObject({ unfinished: [] });
  });
});
