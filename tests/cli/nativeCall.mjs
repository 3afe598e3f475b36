/** Work that signals stop, during a native call of an hour on another thread. */
import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers';
import koffi from 'koffi';
import { TRAINING, withSignals } from '../../dist/cli/signals.js';

const sleep = koffi.load('libc.so.6').func('unsigned int sleep(unsigned int)');
writeFileSync('unfinished', '');
process.once('exit', () => rmSync('unfinished'));
const terminal = { note: () => writeFileSync('stopping', '') };
const work = () => {
  const slept = new Promise((resolve) => sleep.async(3600, resolve));
  setTimeout(() => writeFileSync('started', ''), 100);
  return slept;
};
await withSignals(terminal, work, TRAINING);
