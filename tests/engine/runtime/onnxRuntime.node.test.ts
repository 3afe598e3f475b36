import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { once } from '../../../src/engine/runtime/onnxRuntime.node.js';
import { startCommand } from '../../cli/runCommand.js';
import { makeTinyRun } from '../../cli/tinyRun.js';
import { temporaryFolder } from '../../temporaryFolder.js';

describe('importing the native runtime', () => {
  it('loads no native library and changes nothing in the process', () => {
    const program = `
      const before = JSON.stringify(process.env);
      const { createRequire } = await import('node:module');
      await import('./dist/engine/runtime/native.node.js');
      const loaded = [...Object.keys(createRequire(import.meta.url).cache), ...process.report.getReport().sharedObjects];
      console.log(JSON.stringify([before === JSON.stringify(process.env), typeof gc, loaded.filter((file) => /onnxruntime|koffi/.test(file))]));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual([true, 'undefined', []]);
  });
});

describe('the telemetry of ONNX Runtime', () => {
  it('is off: a command leaves nothing in the home folder or among temporary files', async () => {
    const folder = temporaryFolder();
    const [home, temporary] = [join(folder, 'home'), join(folder, 'temporary')];
    mkdirSync(home);
    mkdirSync(temporary);
    await makeTinyRun(join(folder, 'run'));
    const command = startCommand(['sample', 'run', '--count', '1', '--threads', '1'], folder, {
      HOME: home,
      TMPDIR: temporary,
    });
    expect(await command.finished).toMatchObject({ status: 0, stderr: '' });
    expect([readdirSync(home), readdirSync(temporary)]).toEqual([[], []]);
  });
});

describe('once', () => {
  it('creates one value for all callers, including concurrent ones', async () => {
    let made = 0;
    const get = once(() => Promise.resolve(++made));
    expect(get()).toBe(get());
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    expect(await get()).toBe(1);
  });

  it('tries again after a failure, which every caller of that attempt receives', async () => {
    let attempts = 0;
    const get = once(() => (++attempts === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve(attempts)));
    expect((await Promise.allSettled([get(), get()])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await get()).toBe(2);
    expect(await get()).toBe(2);
  });
});
