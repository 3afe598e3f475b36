import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunFolder } from '../../../src/runs/runFolder.node.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, resultOf, runCommand } from '../runCommand.js';
import { makeTinyRun } from '../tinyRun.js';

async function folderOfRuns(...names: readonly string[]): Promise<string> {
  const cwd = temporaryFolder();
  for (const name of names) await makeTinyRun(join(cwd, 'runs', name));
  return cwd;
}

describe('agenet runs', () => {
  it('lists the runs with state, length and size, the latest first', async () => {
    const cwd = await folderOfRuns('first', 'group/second');
    const { runs } = await resultOf(['runs'], cwd);
    expect((runs as { run: string }[]).map(({ run }) => run).sort()).toEqual(['runs/first', 'runs/group/second']);
    expect(runs).toContainEqual(
      expect.objectContaining({ run: 'runs/first', state: 'interrupted', step: 3, data: 'mnist' }) as unknown,
    );
    for (const { bytes } of runs as { bytes: number }[]) expect(bytes).toBeGreaterThan(1000);
    const { stdout } = await runCommand(['info', 'runs'], cwd);
    expect(stdout.split('\n')[0]).toMatch(/^run +state +iterations +data +model +last change +size$/u);
    expect(stdout).toMatch(/^first +\w+ +3/mu);
  });

  it('renames a run, which can be used under its new name', async () => {
    const cwd = await folderOfRuns('first', 'second');
    await resultOf(['runs', '--rename', 'first', 'digits'], cwd);
    expect(readdirSync(join(cwd, 'runs')).sort()).toEqual(['digits', 'second']);
    expect(await (await RunFolder.open(join(cwd, 'runs', 'digits'))).readLatestCheckpoint()).toMatchObject({ step: 3 });
    await expectBadInput(['runs', '--rename', 'digits', 'second'], cwd, 'second: exists');
    await expectBadInput(['runs', '--rename', 'digits', '../out'], cwd, '../out is not a name');
    await expectBadInput(['runs', '--rename', 'digits'], cwd, 'give both');
  });

  it('removes runs, all of them or none', async () => {
    const cwd = await folderOfRuns('first', 'second', 'third');
    await expectBadInput(['runs', '--remove', 'first', 'thrid'], cwd, 'thrid: no such run, did you mean third?');
    expect(readdirSync(join(cwd, 'runs'))).toHaveLength(3);
    const { removed } = await resultOf(['runs', '--remove', 'first', 'third'], cwd);
    expect((removed as { run: string }[]).map(({ run }) => run)).toEqual(['first', 'third']);
    expect(readdirSync(join(cwd, 'runs')).filter((name) => !name.startsWith('.'))).toEqual(['second']);
  });

  it('neither follows links nor touches a run that trains', async () => {
    const cwd = await folderOfRuns('first');
    const elsewhere = await folderOfRuns('precious');
    symlinkSync(join(elsewhere, 'runs', 'precious'), join(cwd, 'runs', 'link'));
    await expectBadInput(['runs', '--remove', 'link'], cwd, 'link: no such run');
    const lock = await (await RunFolder.open(join(cwd, 'runs', 'first'))).lock();
    for (const change of [
      ['--remove', 'first'],
      ['--rename', 'first', 'other'],
    ])
      await expectBadInput(['runs', ...change], cwd, 'first: the run is still training; stop it first');
    await lock.release();
    expect(existsSync(join(elsewhere, 'runs', 'precious', 'config.json'))).toBe(true);
  });

  it('rejects a folder that is missing or a run', async () => {
    const cwd = await folderOfRuns('first');
    mkdirSync(join(cwd, 'empty'));
    writeFileSync(join(cwd, 'file'), '');
    await expectBadInput(['runs', 'none'], cwd, 'none: no such folder');
    await expectBadInput(['runs', 'file'], cwd, 'file: no such folder');
    await expectBadInput(['runs', 'runs/first'], cwd, 'runs/first: is a run');
    expect(await resultOf(['runs', 'empty'], cwd)).toEqual({ folder: 'empty', runs: [] });
  });
});
