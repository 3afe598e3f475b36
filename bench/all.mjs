#!/usr/bin/env node
/**
 * Compares agenet with PyTorch in all cases of docs/performance.md, one after the other, and prints its table. Takes
 * half an hour on two cores.
 *
 *     npm run bench:all -- --python python3 --rounds 3 --out bench/ratios.jsonl
 *
 * `--only TEXT` selects cases whose name contains it; other options are those of compare.mjs.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const WIDTHS = [16, 32, 64];
const CASES = [
  ...WIDTHS.map((width) => ({ recipe: 'default', width })),
  ...WIDTHS.map((width) => ({ recipe: 'published', width })),
  { recipe: 'published', network: 'dcgan64', width: 64, latent: 64 },
  { recipe: 'default', network: 'dcgan64', width: 16, latent: 64, batch: 32 },
  { recipe: 'default', network: 'dcgan128', width: 16, latent: 64, batch: 16 },
  { recipe: 'default', network: 'resnet64', width: 16, latent: 64, batch: 32 },
  { recipe: 'default', network: 'resnet128', width: 16, latent: 64, batch: 16 },
];

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '3' },
    out: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});

const nameOf = ({ recipe, network = 'dcgan32', width, batch = 64 }) =>
  `${recipe}, ${network}, width ${width}${batch === 64 ? '' : `, batch ${batch}`}`;
const compare = fileURLToPath(new URL('compare.mjs', import.meta.url));

function measure(row) {
  const options = { ...row, python: values.python, rounds: values.rounds };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  console.error(nameOf(row));
  const line = execFileSync(process.execPath, [compare, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (values.out !== undefined) appendFileSync(values.out, line);
  return JSON.parse(line);
}

const rows = CASES.filter((row) => nameOf(row).includes(values.only)).map((row) => {
  const { agenet_s, pytorch_s, ratio, agenet_mb, pytorch_mb } = measure(row);
  const cells = [
    agenet_s.toFixed(3),
    pytorch_s.toFixed(3),
    ratio.toFixed(2),
    agenet_mb.toFixed(0),
    pytorch_mb.toFixed(0),
  ];
  return `| ${nameOf(row)} | ${cells.join(' | ')} |`;
});
console.log('| case | agenet, s | PyTorch, s | ratio | agenet peak, MB | PyTorch peak, MB |');
console.log('| --- | --- | --- | --- | --- | --- |');
console.log(rows.join('\n'));
