import type { Difference, SeedMean } from '../../metrics/comparability.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';

const EXAMPLES = `
A * marks the best value of a metric. Metrics that cannot be compared, because a condition differs between the evaluations, such as
the number of samples, are listed separately with the reason and are not ranked.

Examples:
  agenet evaluate runs/a && agenet evaluate runs/b && agenet compare runs/a runs/b
  agenet compare --seeds runs/a-1 runs/a-2 runs/a-3 runs/b-1 runs/b-2 runs/b-3    two columns: mean ± standard deviation
`;

const WIDTH = 20;

export const summary = 'compare the evaluations of several runs';
export const group = 'Evaluation:';

export const define = (command: Subcommand) =>
  command
    .argument('<runs...>', 'run folders that were evaluated')
    .option('--seeds', 'show the mean and standard deviation over runs that differ only in their seed')
    .addHelpText('after', EXAMPLES)
    .action((runs, options) => runAction(options, (terminal) => compare(runs, options, terminal)));

async function compare(
  runs: readonly string[],
  { seeds = false }: { readonly seeds?: true | undefined | false },
  terminal: Terminal,
): Promise<ActionResult> {
  const { compareEvaluations, meansOverSeeds } = await import('../../metrics/comparability.js');
  const { readLatestEvaluation } = await import('../../runs/evaluationFile.node.js');
  const { RunFolder } = await import('../../runs/runFolder.node.js');
  const { formatMetric } = await import('../metricTables.js');
  const evaluations = await Promise.all(runs.map(async (run) => ({ ...(await readLatestEvaluation(run)), run })));
  const { comparable, incomparable, ...ranking } = compareEvaluations(evaluations);
  const settingsOf = async (run: string, step: number) => ({
    ...(await (await RunFolder.open(run)).readConfiguration()),
    step,
  });
  const columns: SeedMean[] = seeds
    ? meansOverSeeds(
        await Promise.all(
          evaluations.map(async (each) => ({ ...each, settings: await settingsOf(each.run, each.step) })),
        ),
      )
    : evaluations.map((each) => ({ ...each, runs: [each.run], std: {} }));
  const { best, unranked } = seeds ? compareEvaluations(columns) : ranking;
  const names = [...comparable, ...incomparable.flatMap(({ metrics }) => metrics)];
  const nameWidth = Math.max(...names.map((name) => name.length), 'iterations'.length) + 2;
  const row = (name: string, cells: readonly string[], remark = '') =>
    terminal.print(
      `${name.padEnd(nameWidth)}${cells.map((cell) => cell.padStart(WIDTH)).join(' ')}${remark}`.trimEnd(),
    );
  const values = (name: string) =>
    row(
      name,
      columns.map(({ metrics, std }, index) => {
        if (!(name in metrics)) return '- ';
        const value =
          name in std ? `${formatMetric(metrics[name]!)} ± ${formatMetric(std[name]!)}` : formatMetric(metrics[name]!);
        return `${value}${best[name] === index ? '*' : ' '}`;
      }),
      columns.length > 1 && name in unranked ? `  not ranked: ${unranked[name]!}` : '',
    );
  row(
    '',
    columns.map(({ run }) => `${run.slice(-WIDTH + 1)} `),
  );
  if (seeds) {
    row(
      'seeds',
      columns.map((column) => `${column.runs.length} `),
    );
  }
  row(
    'iterations',
    columns.map(({ run }) => `${evaluations.find((each) => each.run === run)!.step} `),
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
      best: Object.fromEntries(Object.entries(best).map(([metric, index]) => [metric, columns[index]!.run])),
      ...(seeds ? { seeds: columns.map(({ runs, metrics, std }) => ({ runs, mean: metrics, std })) } : {}),
    },
  };
}

/** Formats a difference, such as `sample count 500 (runs/a, runs/b); 10000 (runs/c)`. */
function describe({ condition, values }: Difference, runs: readonly string[]): string {
  const different = [...new Set(values)].filter((value) => value !== '-');
  const runsWith = (value: string) => runs.filter((_, index) => values[index] === value).join(', ');
  return `${condition} ${different.map((value) => `${value} (${runsWith(value)})`).join('; ')}`;
}
