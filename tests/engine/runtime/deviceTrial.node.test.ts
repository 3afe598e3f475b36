import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tryDevice } from '../../../src/engine/runtime/deviceTrial.node.js';
import { temporaryFolder } from '../../temporaryFolder.js';

/** A script in place of the one that runs a graph. */
function scriptOf(source: string): string {
  const file = join(temporaryFolder(), 'trial.mjs');
  writeFileSync(file, source);
  return file;
}

describe('the trial of a device', () => {
  it('reports a working device, even if its driver prints lines of its own', async () => {
    const script = scriptOf("console.log('driver: hello'); console.error('noise'); console.log('{}');");
    expect(await tryDevice('webgpu', { script })).toEqual({ device: 'webgpu', works: true });
  });

  it.each([
    [
      'reports a reason',
      "console.log(JSON.stringify({ reason: 'no adapter: ' + process.argv[2] }))",
      'no adapter: webgpu',
    ],
    ['crashes', "process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 1e5)", 'the process crashed with SIGSEGV'],
    ['exits without a result', 'process.exit(3)', 'the process ended with status 3 and without a result'],
    ['prints something else', "console.log('ready')", 'the process ended with status 0 and without a result'],
  ])('fails with the reason and what is needed if the process %s', async (_, source, reason) => {
    expect(await tryDevice('webgpu', { script: scriptOf(source) })).toEqual({
      device: 'webgpu',
      works: false,
      reason,
      needs: expect.stringContaining('Vulkan') as string,
    });
  });

  it('ends a process that hangs', async () => {
    const trial = await tryDevice('cuda', { script: scriptOf('setInterval(() => {}, 1000)'), timeout: 200 });
    expect(trial).toMatchObject({
      works: false,
      reason: 'no result within 0.2 s',
      needs: expect.stringContaining('NVIDIA') as string,
    });
  });
});
