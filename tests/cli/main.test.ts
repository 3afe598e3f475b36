import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { expectBadInput, type Refusal, jsonOf, runCommand, runProcess } from './runCommand.js';

const cwd = sharedTemporaryFolder();

/** Every command, and the options that scripts rely on. */
const COMMANDS: Record<string, string> = {
  train: `out epochs steps batch size channels latent width network encoder-updates generator-updates divergence moment reduction prior match-x match-z
    learning-rate halve-every seed device threads log-every sample-every checkpoint-every dry-run resume`,
  sample: 'count seed out device',
  reconstruct: 'count out device',
  interpolate: 'frames out device',
  info: '',
  verify: 'device',
  bench: 'iterations warmup width batch device threads',
  doctor: '',
};

describe('agenet --help', () => {
  it('lists the commands, and how to start', async () => {
    const { status, stdout, stderr } = await runCommand(['--help'], cwd);
    expect([status, stderr]).toEqual([0, '']);
    for (const command of Object.keys(COMMANDS)) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    expect(stdout).toContain('agenet train mnist');
  });

  it.concurrent.each(Object.entries(COMMANDS))('describes %s and its options', async (command, options) => {
    const { status, stdout, stderr } = await runCommand([command, '--help'], cwd);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Usage: agenet ${command}`);
    for (const option of `help json ${options}`.trim().split(/\s+/))
      expect(stdout).toMatch(new RegExp(`--${option}\\b`));
  });
});

it('agenet --version is the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await runProcess(['--version'], cwd)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

const REFUSED: readonly Refusal[] = [
  ['an unknown command', ['trian', 'mnist'], ["unknown command 'trian'", 'train']],
  ['an unknown option', ['train', 'mnist', '--widht', '3'], ["unknown option '--widht'", '--width']],
  ['a missing argument', ['sample'], ["missing required argument 'run'"]],
  ['a missing value', ['train', 'mnist', '--width'], ["'--width <number>'", 'argument missing']],
  ['an extra argument', ['train', 'mnist', 'cifar10'], ['too many arguments']],
  ['an invalid choice', ['train', 'mnist', '--divergence', 'kl'], ['--divergence', 'nearest, pq, qp']],
  ['a number out of range', ['sample', 'run', '--count', '0'], ['--count', "'0'", 'whole number from 1']],
  ['an unknown device', ['train', 'mnist', '--device', 'tpu'], ['--device', 'cpu, webgpu, cuda']],
];

describe('an invalid command line', () => {
  it('without a command prints the help as an error', async () => {
    const { status, stdout, stderr } = await runProcess([], cwd);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: agenet');
  });

  it.concurrent.each(REFUSED)('with %s prints one line and exits with status 2', async (_, args, texts) => {
    await expectBadInput(args, cwd, ...texts);
  });

  it('is also reported as JSON if requested', async () => {
    for (const args of [
      ['train', 'mnist', '--widht', '3', '--json'],
      ['train', 'nothing', '--json'],
    ]) {
      const result = await runCommand(args, cwd);
      const { error, ...others } = jsonOf(result);
      expect([result.status, others]).toEqual([2, {}]);
      expect(result.stderr).toBe(`agenet: ${(error as { message: string }).message}\n`);
    }
  });
});

it('a stack trace is printed only with --debug', async () => {
  const { status, stderr } = await runCommand(['train', 'nothing', '--debug'], cwd);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^InputError: .*nothing.*\n {4}at /);
});
