import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { BestCheckpoint } from '../../../src/runs/bestCheckpoint.node.js';
import { OwnFolder } from '../../../src/runs/ownFolder.node.js';
import { iterationSpec } from '../../../src/training/configuration.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { tinyConfiguration } from '../../training/tinyTraining.js';
import { expectBadInput, resultOf, runCommand, runProcess } from '../runCommand.js';
import { makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
let checkpoint: string;
beforeAll(async () => {
  checkpoint = await makeTinyRun(join(cwd, 'run'));
  writeFileSync(join(cwd, 'text'), 'text');
});

describe('agenet info', () => {
  it('describes a data set', async () => {
    expect(await resultOf(['info', 'mnist'], cwd)).toEqual({
      name: 'mnist',
      size: [32, 32],
      channels: 1,
      train: 60_000,
      test: 10_000,
      classes: 10,
    });
  });

  it('describes a run', async () => {
    const { pair } = iterationSpec(tinyConfiguration());
    const parameters = { encoder: pair.encoder.parameters.size, generator: pair.generator.parameters.size };
    expect(await resultOf(['info', 'run'], cwd)).toMatchObject({
      step: 3,
      parameters,
      configuration: tinyConfiguration(),
    });
    const { status, stdout } = await runCommand(['info', checkpoint], cwd);
    expect(status).toBe(0);
    for (const text of ['dcgan32', 'mnist', '3 iterations', '"latent": 8', String(parameters.generator)])
      expect(stdout).toContain(text);
  });

  it('names the best checkpoint of a run that keeps one', async () => {
    const run = join(cwd, 'judged');
    const last = await makeTinyRun(run);
    const record = { metric: 'fid', value: 8.5, step: 3, epochs: 1, count: 10, metrics: { fid: 8.5 } };
    await new BestCheckpoint(await OwnFolder.at(run)).offer(last, record);
    const file = join('judged', 'checkpoints', 'best.safetensors');
    expect(await resultOf(['info', 'judged'], cwd)).toMatchObject({ best: { ...record, file } });
    expect((await runCommand(['info', 'judged'], cwd)).stdout).toContain(`best by fid: 8.500 at iteration 3, ${file}`);
    expect(await resultOf(['info', 'run'], cwd)).not.toHaveProperty('best');
  });

  it('rejects a path that is neither', async () => {
    await expectBadInput(['info', 'nothing'], cwd, 'nothing', 'mnist');
    await expectBadInput(['info', 'text'], cwd, 'text:');
  });
});

it('agenet doctor reports the runtime and the CPU kernels in use', async () => {
  // The command as it is built: it starts a script for each device.
  const { stdout } = await runProcess(['doctor', '--json'], cwd);
  const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
  expect(result).toMatchObject({
    node: process.version,
    devices: expect.arrayContaining([{ device: 'cpu', works: true }]) as unknown[],
  });
  expect(result.threads).toBeGreaterThan(0);
  expect(result.cpu).toMatchObject({ api: process.platform === 'linux' ? 'c' : 'node' });
});
