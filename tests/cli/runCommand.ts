import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';

/** The command as it is built. */
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CommandResult {
  /** The exit status, or null where a signal ended the process. */
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCommand {
  child: ChildProcess;
  finished: Promise<CommandResult>;
  /** Resolves when standard error holds a text. */
  said: (text: string) => Promise<void>;
}

/** Starts `agenet` in a folder, with further variables in its environment. */
export function startCommand(
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = {},
): RunningCommand {
  return follow(
    spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** Arguments as words of a shell. */
export const shellWords = (args: readonly string[]): string => args.map((word) => `'${word}'`).join(' ');

/** Starts a shell command line in which `$AGENET` is the command; `exec` passes signals on to it. */
export const startShell = (line: string, cwd: string): RunningCommand =>
  follow(
    spawn('bash', ['-c', line], {
      cwd,
      env: { ...process.env, AGENET: `${process.execPath} ${MAIN}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );

function follow(child: ChildProcessByStdio<null, Readable, Readable>): RunningCommand {
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<CommandResult>((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, stdout, stderr }));
  });
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => stderr.includes(text) && resolve();
      child.stderr.on('data', look);
      child.on('close', () => reject(new Error(`it ended without saying "${text}": ${stderr}`)));
      look();
    });
  return { child, finished, said };
}

/**
 * Runs `agenet` in a folder in a process of its own, for what concerns processes: signals, exit statuses, closed
 * streams, startup.
 */
export const runProcess = (args: readonly string[], cwd: string): Promise<CommandResult> =>
  startCommand(args, cwd).finished;

let previous: Promise<unknown> = Promise.resolve();

/**
 * Runs `agenet` in a folder within the test's process, which is about half a second faster. The folder, the streams and
 * the exit status belong to the process, so that one command runs at a time.
 */
export function runCommand(args: readonly string[], cwd: string): Promise<CommandResult> {
  const result = previous.then(() => runHere(args, cwd));
  previous = result.catch(() => undefined);
  return result;
}

async function runHere(args: readonly string[], cwd: string): Promise<CommandResult> {
  const { run } = await import('../../src/cli/program.js');
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  const [folder, exitCode] = [process.cwd(), process.exitCode];
  process.chdir(cwd);
  process.exitCode = undefined;
  try {
    await run(args);
    return { status: Number(process.exitCode ?? 0), ...written };
  } finally {
    process.chdir(folder);
    process.exitCode = exitCode;
    for (const spy of spies) spy.mockRestore();
  }
}

/** The object that `--json` printed, which must be all of standard output. */
export function jsonOf({ stdout, stderr }: CommandResult): Record<string, unknown> {
  expect(stdout, stderr).toMatch(/^\{.*\}\n$/);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Runs a command with `--json` that must succeed, and returns its object. */
export async function resultOf(args: readonly string[], cwd: string): Promise<Record<string, unknown>> {
  const result = await runCommand([...args, '--json'], cwd);
  expect(result.status, result.stderr).toBe(0);
  return jsonOf(result);
}

/** What is refused: its name, the arguments, and texts that the message holds. */
export type Refusal = readonly [title: string, args: readonly string[], texts: readonly string[]];

/**
 * Expects exit status 2 and one line that begins with the program's name and holds every one of the texts: no stack, no
 * results.
 */
export async function expectBadInput(args: readonly string[], cwd: string, ...texts: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await runCommand(args, cwd);
  expect(stderr).toMatch(/^agenet: [^\n]+\n$/);
  for (const text of texts) expect(stderr).toContain(text);
  expect(stderr).not.toMatch(/\bat \S+ \(|node_modules|\.js:\d/);
  expect([status, stdout]).toEqual([2, '']);
}
