#!/usr/bin/env node
/**
 * Measures rounding errors of plain and lowered graphs against float64, over random updates of both networks
 * (tests/golden/precision.ts). Prints the quantiles of the largest error of each case, those with changed signs counted
 * apart.
 *
 *     node bench/precision.mjs --cases 500 --first 0
 */
import { parseArgs } from 'node:util';
import { createServer } from 'vite';

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '500' }, first: { type: 'string', default: '0' } },
});
const server = await createServer({
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
  appType: 'custom',
});
try {
  const { drawCase, largestError, measureErrors } = await server.ssrLoadModule('/tests/golden/precision.ts');
  const { targets } = await server.ssrLoadModule('/tests/engine/running.ts');
  const measured = [];
  for (let seed = Number(values.first); seed < Number(values.first) + Number(values.cases); seed++) {
    const errors = await measureErrors(drawCase(seed), { plain: targets.plain, lowered: targets.blocked });
    measured.push(errors);
    console.log(JSON.stringify({ seed, ...summary(errors, largestError) }));
  }
  const same = measured.filter(({ plain, lowered }) => plain.changes + lowered.changes === 0);
  for (const name of ['plain', 'lowered']) {
    const sorted = same.map((errors) => largestError(errors[name])).sort((a, b) => a - b);
    const quantile = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))].toExponential(1);
    const changed = measured.filter((errors) => errors[name].changes > 0).length;
    console.log(
      `${name}: median ${quantile(0.5)}, 90% ${quantile(0.9)}, 99% ${quantile(0.99)}, largest ${quantile(1)}; ${changed} cases with changed signs`,
    );
  }
} finally {
  await server.close();
}

function summary(errors, largestError) {
  return Object.fromEntries(Object.entries(errors).map(([name, each]) => [name, [largestError(each), each.changes]]));
}
