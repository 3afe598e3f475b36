import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../../src/engine/index.js';
import { goldenPath, readGolden, withTensor } from '../../age/goldenFiles.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, type Refusal, jsonOf, resultOf, runCommand } from '../runCommand.js';
import { contentsOf, makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
const [gray, large] = [goldenPath('dcgan32-gray'), goldenPath('dcgan64-rgb')];

interface Verified {
  files: readonly { file: string; groups: Record<string, number>; max_error: number }[];
  max_error: number;
  passed: boolean;
}

describe('agenet verify', () => {
  it('reports the errors of each group of each file as JSON', async () => {
    const { files, max_error, passed, ...others } = (await resultOf(
      ['verify', gray, large, '--threads', '1'],
      cwd,
    )) as unknown as Verified;
    expect(others).toEqual({});
    expect(files.map(({ file }) => file)).toEqual([gray, large]);
    for (const { groups, max_error: largest } of files) {
      expect(Object.keys(groups)).toEqual(
        expect.arrayContaining(['encoder_update/grad', 'generator_update/after', 'evaluation', 'losses', 'adam/after']),
      );
      expect(largest).toBe(Math.max(...Object.values(groups)));
    }
    expect(max_error).toBe(Math.max(...files.map((file) => file.max_error)));
    expect(max_error).toBeLessThanOrEqual(5e-5);
    expect(passed).toBe(true);
  });

  it('prints which file passed and which failed, and exits with status 1 if one failed', async () => {
    const golden = await readGolden('dcgan32-gray');
    writeFileSync(
      join(cwd, 'wrong.safetensors'),
      encodeSafetensors(
        withTensor(
          golden,
          'evaluation/sample',
          golden.tensors['evaluation/sample']!.data.map((value) => value + 0.01),
        ),
      ),
    );
    const { status, stdout, stderr } = await runCommand(['verify', gray, 'wrong.safetensors', '--threads', '1'], cwd);
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).toContain(`${gray}: passed`);
    expect(stdout).toContain('wrong.safetensors: FAILED');
  });

  it('reports a finite error if an expected tensor is missing', async () => {
    // JSON has no infinity, and a script that compares null with the tolerance finds it small enough.
    writeFileSync(
      join(cwd, 'more.safetensors'),
      encodeSafetensors(withTensor(await readGolden('dcgan32-gray'), 'evaluation/more', Float32Array.of(1))),
    );
    const result = await runCommand(['verify', 'more.safetensors', '--threads', '1', '--json'], cwd);
    const { max_error, passed, files } = jsonOf(result) as unknown as Verified;
    expect([result.status, passed]).toEqual([1, false]);
    for (const error of [max_error, files[0]!.max_error, files[0]!.groups.evaluation])
      expect(error).toBeGreaterThan(5e-5);
  });
});

const REFUSED: readonly Refusal[] = [
  ['a missing file', ['nothing.safetensors'], ['nothing.safetensors: cannot be read', 'no such file']],
  ['a folder', ['run'], ['run: cannot be read']],
  ['a truncated file', ['cut.safetensors'], ['cut.safetensors:', 'cut short']],
  ['a file of another format', ['text.safetensors'], ['text.safetensors: not a usable safetensors file']],
  ['a checkpoint', ['run/checkpoints/000003.safetensors'], ['000003.safetensors: not a golden file']],
  ['nothing', [], ["missing required argument 'files'"]],
];

describe('agenet verify rejects in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(async () => {
    await makeTinyRun(join(cwd, 'run'));
    writeFileSync(join(cwd, 'cut.safetensors'), readFileSync(gray).subarray(0, 400_000));
    writeFileSync(join(cwd, 'text.safetensors'), 'not a safetensors file');
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['verify', ...args, '--threads', '1'], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });

  it('an unavailable device', async () => {
    await expectBadInput(['verify', gray, '--device', 'tpu'], cwd, '--device', 'cpu');
  });
});
