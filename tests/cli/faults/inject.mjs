/**
 * Preloaded into a process (`node --import`): makes writes to some files fail, or ends the process at one of them, at an exact point
 * instead of an exact time. The variable AGENET_FAULT holds JSON:
 *
 * - `file`: a regular expression that the path of the written file matches. Temporary names count as the name that they get later.
 * - `at`: the write at which it happens first, counted from 1.
 * - `point`: `half` (half of the bytes of a write are written), `whole` (all are, under the temporary name, before they are flushed) or `renamed`.
 * - `error`: a system error code such as ENOSPC, which the operation fails with; without it the process kills itself.
 * - `times`: how many writes fail; default all.
 */
import fs from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const fault = JSON.parse(process.env.AGENET_FAULT);
const pattern = new RegExp(fault.file);
let seen = 0;

/** `.NAME.1a2b3c4d.partial` becomes NAME. */
const finalName = (path) => String(path).replace(/\.([^/]+)\.[\da-f]+\.partial$/, '$1');

/** Whether the fault happens at this write to a path. */
function isDue(path) {
  if (!pattern.test(finalName(path))) return false;
  seen++;
  return seen >= fault.at && seen < fault.at + (fault.times ?? Infinity);
}

function happen() {
  if (fault.error === undefined) process.kill(process.pid, 'SIGKILL');
  throw Object.assign(new Error(`${fault.error}: injected`), { code: fault.error });
}

const { open, rename, appendFile } = files;

files.open = async (path, flags, ...rest) => {
  const handle = await open(path, flags, ...rest);
  if (!/[wa+]/.test(String(flags ?? 'r'))) return handle;
  const { writeFile, write, sync } = handle;
  const halved = async (data) => {
    const bytes = Buffer.from(data);
    await writeFile.call(handle, bytes.subarray(0, bytes.length >> 1));
    happen();
  };
  handle.writeFile = (data, ...options) => (fault.point === 'half' && isDue(path) ? halved(data) : writeFile.call(handle, data, ...options));
  handle.write = (data, ...options) => (fault.point === 'half' && isDue(path) ? halved(data) : write.call(handle, data, ...options));
  handle.sync = async () => {
    if (fault.point === 'whole' && isDue(path)) happen();
    await sync.call(handle);
  };
  return handle;
};

files.rename = async (from, to) => {
  await rename(from, to);
  if (fault.point === 'renamed' && isDue(to)) happen();
};

files.appendFile = async (path, data, ...options) => {
  if (!isDue(path)) return appendFile(path, data, ...options);
  await appendFile(path, data.slice(0, data.length >> 1));
  happen();
};

const { openSync } = fs;
fs.openSync = (path, ...rest) => {
  if (typeof path === 'string' && /tfevents/.test(path) && isDue(path)) happen();
  return openSync(path, ...rest);
};

syncBuiltinESMExports();
