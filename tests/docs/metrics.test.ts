import { expect, it } from 'vitest';
import { METRIC_GROUPS } from '../../src/metrics/metric.js';
import { metricsIn } from '../../src/metrics/registry.js';

const INTRODUCTION = `# Metrics

\`npx agenet evaluate --explain\` prints this reference; \`--explain fid kid\` and \`--explain samples\` print a part of it. Its source is the
catalog in \`src/metrics/catalog/\`. [evaluation.md](evaluation.md) describes how metrics are computed and compared.

Measured good values come from [recipes.md](recipes.md) (MNIST, width 16, 9,370 iterations, a feature extractor trained on MNIST's
labels) and [Fashion-MNIST](../examples/fashion-mnist.md). Values of \`fid\`, \`kid\` and the other feature metrics are not
comparable with values from other extractors, such as Inception. A \`–\` means that neither higher nor lower is better.
`;

function tableOf(group: (typeof METRIC_GROUPS)[number]): string {
  const rows = metricsIn(group).map(({ name, meaning, range, better, goodValue, reference }) => [
    `\`${name}\``,
    meaning,
    range,
    better === 'none' ? '–' : better,
    goodValue,
    reference,
  ]);
  const cells = [
    ['metric', 'meaning', 'range', 'better', 'good value', 'definition'],
    Array<string>(6).fill('---'),
    ...rows,
  ];
  return [
    `## ${group[0]!.toUpperCase()}${group.slice(1)}`,
    '',
    ...cells.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
    '',
  ].join('\n');
}

// `npx vitest run tests/docs/metrics.test.ts -u` writes the document.
it('docs/metrics.md contains the definitions of all metrics', async () => {
  await expect([INTRODUCTION, ...METRIC_GROUPS.map(tableOf)].join('\n')).toMatchFileSnapshot('../../docs/metrics.md');
});
