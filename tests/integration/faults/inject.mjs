/**
 * Preloaded into a process (`node --import`): makes writes to some files fail, or ends the process at one of them, at
 * an exact point instead of an exact time. The variable AGENET_FAULTS holds a JSON list of:
 *
 * - `file`: a regular expression that the path of the written file matches. Temporary names count as the name that they
 *   get later.
 * - `at`: the write at which it happens first, counted from 1.
 * - `point`: `half` (half of the bytes of a write are written), `whole` (all are, under the temporary name, before they
 *   are flushed) or `renamed`.
 * - `error`: a system error code such as ENOSPC, which the operation fails with; without it the process kills itself.
 * - `times`: how many writes fail; default all.
 */
import fs from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const faults = JSON.parse(process.env.AGENET_FAULTS).map((fault) => ({
  ...fault,
  pattern: new RegExp(fault.file),
  seen: 0,
}));

/** `.NAME.1a2b3c4d.partial` becomes NAME. */
const finalName = (path) => String(path).replace(/\.([^/]+)\.[\da-f]+\.partial$/, '$1');

/** The fault that happens at this write to a path, if any. Without `point`, each point counts. */
function dueFault(path, point) {
  const fault = faults.find(
    (each) => (point === undefined || each.point === point) && each.pattern.test(finalName(path)),
  );
  if (fault === undefined) return undefined;
  fault.seen++;
  return fault.seen >= fault.at && fault.seen < fault.at + (fault.times ?? Infinity) ? fault : undefined;
}

function happen(fault) {
  if (fault.error === undefined) process.kill(process.pid, 'SIGKILL');
  throw Object.assign(new Error(`${fault.error}: injected`), { code: fault.error });
}

const { open, rename } = files;

/** Flags of a file that is written from its start, or appended to. */
const isWriting = (flags) =>
  typeof flags === 'number'
    ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0
    : /[wa+]/.test(flags ?? 'r');

files.open = async (path, flags, ...rest) => {
  const handle = await open(path, flags, ...rest);
  if (!isWriting(flags)) return handle;
  const { writeFile, write, sync } = handle;
  const fails = (data) => {
    const fault = dueFault(path, 'half');
    return fault && { fault, half: Buffer.from(data).subarray(0, data.length >> 1) };
  };
  handle.writeFile = async (data, ...options) => {
    const failure = fails(data);
    if (failure === undefined) return writeFile.call(handle, data, ...options);
    await writeFile.call(handle, failure.half);
    happen(failure.fault);
  };
  handle.write = async (data, offset, length, position) => {
    const failure = fails(data);
    if (failure === undefined) return write.call(handle, data, offset, length, position);
    await write.call(handle, failure.half, 0, failure.half.length, position);
    happen(failure.fault);
  };
  handle.sync = async () => {
    const fault = dueFault(path, 'whole');
    if (fault) happen(fault);
    await sync.call(handle);
  };
  return handle;
};

files.rename = async (from, to) => {
  await rename(from, to);
  const fault = dueFault(to, 'renamed');
  if (fault) happen(fault);
};

const { openSync } = fs;
fs.openSync = (path, ...rest) => {
  const fault = typeof path === 'string' && /tfevents/.test(path) ? dueFault(path) : undefined;
  if (fault) happen(fault);
  return openSync(path, ...rest);
};

// Training retries after 5 seconds; here it retries sooner.
const { setTimeout } = globalThis;
const sooner = (callback, milliseconds, ...rest) =>
  setTimeout(callback, milliseconds === 5000 ? 100 : milliseconds, ...rest);
Object.assign(globalThis, { setTimeout: sooner });

syncBuiltinESMExports();
