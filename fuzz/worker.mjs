/**
 * A process that runs cases one after another. It loads the program once and restores the sandbox for every command
 * line.
 */
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, readFileSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { caseOf } from './cases.mjs';
import { writeFixtures } from './fixtures.mjs';
import { changesBetween, environmentOf, Sandbox } from './sandbox.mjs';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const MEGABYTE = 2 ** 20;

const { run } = await import('../dist/cli/program.js');

/** State of the current command line. */
let current = { stdout: '', stderr: '', rejections: [], onText: () => undefined };

const capture = (stream, name) => {
  stream.write = (chunk, ...rest) => {
    current[name] += String(chunk);
    current.onText(String(chunk));
    rest.find((each) => typeof each === 'function')?.();
    return true;
  };
};
capture(process.stdout, 'stdout');
capture(process.stderr, 'stderr');
const describe = (error) => String(error instanceof Error ? (error.stack ?? error.message) : error).slice(0, 2000);
process.on('unhandledRejection', (error) => current.rejections.push(describe(error)));
process.on('uncaughtException', (error) => current.rejections.push(describe(error)));
process.exit = (status) => {
  current.rejections.push(`process.exit(${status})`);
  throw new Error('process.exit');
};

/** Runs a command line in this process. */
async function runHere({ args, interrupted }) {
  const onText = (text) => {
    if (!interrupted || !text.startsWith('training ') || process.listenerCount('SIGINT') === 0) return;
    process.emit('SIGINT', 'SIGINT');
  };
  current = { stdout: '', stderr: '', rejections: [], onText };
  process.exitCode = undefined;
  await run(args).catch((error) => current.rejections.push(describe(error)));
  // Unhandled rejections are reported on a later turn of the event loop.
  for (let turn = 0; turn < 3; turn++) await setImmediate();
  const { stdout, stderr, rejections } = current;
  const status = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { status, signal: null, stdout, stderr, rejections, native: nativeOutput() };
}

/** Descriptor 2 is a file, which captures output that bypasses Node. */
function nativeOutput() {
  if (fstatSync(2).size === 0) return '';
  const text = readFileSync(process.env.FUZZ_NATIVE_OUTPUT, 'utf8');
  ftruncateSync(2, 0);
  return text;
}

/** Runs a command line in a process of its own, as users do. */
function runApart({ args, interrupted }, cwd) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  let timer;
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    if (interrupted && text.includes('training ')) timer ??= setTimeout(() => child.kill('SIGINT'), 20);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stdout, stderr, rejections: [], native: '' });
    });
  });
}

/** Returns the peak resident memory since the last call in MB, or the current one if the system does not report it. */
function peakMemory() {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
    writeFileSync('/proc/self/clear_refs', '5');
    return Number(kilobytes) / 1024;
  } catch {
    return process.memoryUsage.rss() / MEGABYTE;
  }
}

async function runCase(each, sandbox) {
  await sandbox.prepare(each);
  const before = sandbox.snapshot();
  peakMemory();
  const start = performance.now();
  const usual = { ...process.env };
  Object.assign(process.env, each.environment);
  const result = await (each.separate ? runApart(each, sandbox.folder) : runHere(each));
  for (const name of Object.keys(each.environment)) delete process.env[name];
  Object.assign(process.env, usual);
  const seconds = (performance.now() - start) / 1000;
  const changes = changesBetween(before, sandbox.snapshot());
  const memory = peakMemory();
  sandbox.restore();
  return { ...result, timedOut: false, seconds, memory, changes };
}

const HANDLERS = {
  async fixtures({ root }) {
    Object.assign(process.env, environmentOf(root));
    process.chdir(`${root}/work`);
    await writeFixtures(async (args) => {
      const { status, stderr } = await runHere({ args, interrupted: false });
      if (status !== 0) throw new Error(`the fixtures cannot be made: agenet ${args.join(' ')}: ${stderr}`);
    });
    return {};
  },
  sandbox({ root, template }) {
    Object.assign(process.env, environmentOf(root));
    sandbox = new Sandbox(root, template);
    process.chdir(sandbox.folder);
    return {};
  },
  case: ({ seed, number }) => runCase(caseOf(seed, number), sandbox),
};

let sandbox;
process.on('message', (message) => {
  // An error here is a defect of the fuzzer, and ends it.
  Promise.resolve(HANDLERS[message.type](message)).then(
    (outcome) => process.send({ outcome }),
    (error) => process.send({ failure: describe(error) }),
  );
});
process.on('disconnect', () => {
  closeSync(2);
  process.kill(process.pid, 'SIGKILL');
});
process.send({ outcome: {} });
