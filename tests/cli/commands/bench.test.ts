import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, resultOf, runCommand } from '../runCommand.js';

const cwd = sharedTemporaryFolder();
const TINY = ['--width', '4', '--latent', '8', '--batch', '4', '--threads', '1', '--iterations', '3', '--warmup', '1'];

describe('agenet bench', () => {
  it('times iterations and writes nothing', async () => {
    const result = await resultOf(['bench', ...TINY], cwd);
    expect(result).toMatchObject({
      device: 'cpu',
      threads: 1,
      iterations: 3,
      configuration: { network: 'dcgan32', channels: 3, width: 4 },
    });
    expect(result.seconds_per_iteration).toBeGreaterThan(0);
    expect(result.seconds_per_iteration).toBeGreaterThanOrEqual(result.fastest_iteration as number);
    expect(result.peak_rss_mb).toBeGreaterThan(50);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('counts the operations of each network and iteration, and reports their rate', async () => {
    const result = await resultOf(['bench', ...TINY], cwd);
    const { iteration, encoder, generator } = result.flops as {
      iteration: number;
      encoder: { total: number };
      generator: { total: number };
    };
    // The published plan runs each network 4 times per image and iteration, and differentiates most of these passes.
    const forward = 4 * 4 * (encoder.total + generator.total);
    expect(iteration).toBeGreaterThan(1.5 * forward);
    expect(iteration).toBeLessThan(4 * forward);
    expect(result.gflops_per_second).toBeCloseTo(iteration / (result.seconds_per_iteration as number) / 1e9, 6);
  });

  it('prints a profile on request', async () => {
    const { status, stdout } = await runCommand(['bench', '--profile', ...TINY], cwd);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Conv/);
    expect(stdout).toMatch(/\d+\.\d%/);
  });

  it.concurrent.each([
    ['--iterations', '0', "'0'"],
    ['--warmup', '-1', "'-1'"],
    ['--width', '0', '--width: must be a whole number from 1 to 1024'],
    ['--threads', '1.5', "'1.5'"],
  ])('rejects %s %s in one line, with status 2', async (option, value, text) => {
    await expectBadInput(['bench', option, value], cwd, option, text);
  });
});
