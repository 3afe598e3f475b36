/**
 * Stands in for `agenet` in a search for recipes: writes an empty checkpoint in place of training, and prints scores in
 * place of evaluating. The FID of a run is 10 times the first digit in its name, plus its seed. Runs whose name
 * contains `fails` fail.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [command, ...args] = process.argv.slice(2);
const valueOf = (flag) => args[args.indexOf(flag) + 1];

function train() {
  const run = valueOf('--out');
  if (run.includes('fails')) {
    console.error('error: loss is NaN');
    process.exit(1);
  }
  const { steps } = JSON.parse(readFileSync(valueOf('--config'), 'utf8'));
  const checkpoints = join(run, 'checkpoints');
  mkdirSync(checkpoints, { recursive: true });
  writeFileSync(join(checkpoints, `${String(steps).padStart(6, '0')}.safetensors`), '');
  return {};
}

function evaluate() {
  const [, digit, , seed] = /(\d)-(\d+)-\w+-(\d+)\/checkpoints/.exec(args[0]);
  return { metrics: { fid: 10 * digit + Number(seed) }, protocol: { samples: 10 } };
}

const answers = { dataset: () => ({}), train, evaluate, probe: () => ({ results: [{ labels: 30, accuracy: 0.8 }] }) };
console.log(JSON.stringify(answers[command]()));
