// Loaded before the command line: kills the process when half of a file is written whose name contains KILL_IN.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { open } = fs.promises;
const wanted = process.env.KILL_IN;

fs.promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  if (!wanted || rest[0] !== 'w' || !String(path).includes(wanted)) return handle;
  const write = handle.write.bind(handle);
  const writeHalf = async (bytes) => {
    await write(bytes.subarray(0, Math.floor(bytes.length / 2)));
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  };
  return Object.assign(handle, { write: writeHalf, writeFile: writeHalf, appendFile: writeHalf });
};
syncBuiltinESMExports();
