/**
 * Stands for `agenet train DATA --out RUN` and `agenet train --resume RUN`: holds a run folder until it is asked to
 * stop. The data `svhn:missing` makes it fail.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { out: { type: 'string' }, resume: { type: 'string' } },
});
const [, data = 'mnist'] = positionals;
const out = values.out ?? values.resume;
if (data === 'svhn:missing') {
  const [about, problem] = ['data "missing"', 'no such data set or folder'];
  console.log(JSON.stringify({ error: { message: `${about}: ${problem}`, about, problem } }));
  console.error(`note\nagenet: ${about}: ${problem}`);
  process.exit(2);
}
mkdirSync(join(out, 'checkpoints'), { recursive: true });
rmSync(join(out, 'steering.json'), { force: true });
writeFileSync(join(out, 'config.json'), JSON.stringify({ data, network: 'dcgan32', width: 4, latent: 8 }));
const status = readFileSync('/proc/self/stat', 'utf8');
const started = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
writeFileSync(join(out, '.lock'), JSON.stringify({ host: hostname(), pid: process.pid, started }));
const note = (event) =>
  appendFileSync(join(out, 'journal.jsonl'), `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
note({ type: 'start', step: 0, totalSteps: 100 });
for (let step = 1; existsSync(out) && !existsSync(join(out, 'steering.json')); step++) {
  appendFileSync(
    join(out, 'log.jsonl'),
    `${JSON.stringify({ step, 'encoder.match_x': 1 / step, iterations_per_second: 20 })}\n`,
  );
  await pause(50);
}
if (!existsSync(out)) process.exit(1);
note({ type: 'trained', step: 1, interrupted: true, seconds: 1 });
rmSync(join(out, '.lock'));
