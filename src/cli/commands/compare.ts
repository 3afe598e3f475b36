import type { Difference } from '../../metrics/comparability.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';

const EXAMPLES = `
A * marks the best value of a metric. Metrics that cannot be compared, because a condition differs between the evaluations, such as
the number of samples, are listed separately with the reason and are not ranked.

Examples:
  agenet evaluate runs/a && agenet evaluate runs/b && agenet compare runs/a runs/b
`;

const WIDTH = 16;

export const summary = 'compare the evaluations of several runs';
export const group = 'Evaluation:';

export const define = (command: Subcommand) =>
  command
    .argument('<runs...>', 'run folders that were evaluated')
    .addHelpText('after', EXAMPLES)
    .action((runs, options) => runAction(options, (terminal) => compare(runs, terminal)));

async function compare(runs: readonly string[], terminal: Terminal): Promise<ActionResult> {
  const { compareEvaluations } = await import('../../metrics/comparability.js');
  const { readLatestEvaluation } = await import('../../runs/evaluationFile.node.js');
  const { formatMetric } = await import('../evaluationTable.js');
  const evaluations = await Promise.all(runs.map(async (run) => ({ ...(await readLatestEvaluation(run)), run })));
  const { comparable, incomparable, best, unranked } = compareEvaluations(evaluations);
  const names = [...comparable, ...incomparable.flatMap(({ metrics }) => metrics)];
  const nameWidth = Math.max(...names.map((name) => name.length), 'iterations'.length) + 2;
  const row = (name: string, cells: readonly string[], remark = '') =>
    terminal.print(`${name.padEnd(nameWidth)}${cells.map((cell) => cell.padStart(WIDTH)).join(' ')}${remark}`.trimEnd());
  const values = (name: string) =>
    row(
      name,
      evaluations.map(({ metrics }, index) => (name in metrics ? `${formatMetric(metrics[name]!)}${best[name] === index ? '*' : ' '}` : '- ')),
      runs.length > 1 && name in unranked ? `  not ranked: ${unranked[name]!}` : '',
    );
  row(
    '',
    runs.map((run) => `${run.slice(-WIDTH + 1)} `),
  );
  row(
    'iterations',
    evaluations.map(({ step }) => `${step} `),
  );
  comparable.forEach(values);
  for (const { metrics, differences } of incomparable) {
    terminal.print('');
    for (const difference of differences) terminal.print(`not comparable: ${describe(difference, runs)}`);
    metrics.forEach(values);
  }
  return {
    result: {
      runs: evaluations,
      comparable,
      not_comparable: incomparable,
      not_ranked: unranked,
      best: Object.fromEntries(Object.entries(best).map(([metric, index]) => [metric, runs[index]])),
    },
  };
}

/** Formats a difference, such as `sample count 500 (runs/a, runs/b); 10000 (runs/c)`. */
function describe({ condition, values }: Difference, runs: readonly string[]): string {
  const different = [...new Set(values)].filter((value) => value !== '-');
  const runsWith = (value: string) => runs.filter((_, index) => values[index] === value).join(', ');
  return `${condition} ${different.map((value) => `${value} (${runsWith(value)})`).join('; ')}`;
}
