import type { Difference, EvaluatedRun, SeedMean } from '../../metrics/comparability.js';
import type { Action, Subcommand, Terminal } from '../command.js';

const WIDTH = 20;

export const summary = 'compare the evaluations of several runs';
export const group = 'Evaluation:';
export const details = `
A * marks the best value of a metric. Metrics that cannot be compared, because a condition differs between the evaluations, such as
the number of samples, are listed separately with the reason and are not ranked. With --seeds, means are ranked only if their
difference is significant (Welch's t-test, 5%).

Examples:
  agenet evaluate runs/a && agenet evaluate runs/b && agenet compare runs/a runs/b
  agenet compare --seeds runs/a-1 runs/a-2 runs/a-3 runs/b-1 runs/b-2 runs/b-3    two columns: mean ± standard deviation
`;

export const define = (command: Subcommand) =>
  command
    .argument('<runs...>', 'run folders that were evaluated')
    .option('--seeds', 'show the mean and standard deviation over runs that differ only in their seed');

interface Column extends SeedMean {
  title: string;
  step: number;
}

export const action: Action<typeof define> = async (terminal, runs, { seeds = false }) => {
  const { compareEvaluations } = await import('../../metrics/comparability.js');
  const { readLatestEvaluation } = await import('../../runs/evaluationFile.node.js');
  const evaluations = await Promise.all(runs.map(async (run) => ({ ...(await readLatestEvaluation(run)), run })));
  const columns: readonly Column[] = seeds
    ? await seedColumns(evaluations)
    : evaluations.map((each) => ({ ...each, runs: [each.run], std: {}, title: each.run.slice(-WIDTH + 1) }));
  const { comparable, incomparable } = compareEvaluations(evaluations);
  const { best, unranked } = compareEvaluations(columns);
  if (seeds) for (const { title, runs } of columns) terminal.print(`${title}: ${runs.join(', ')}`);
  const names = [...comparable, ...incomparable.flatMap(({ metrics }) => metrics)];
  const print = tablePrinter(columns, names, terminal);
  print('', ({ title }) => title);
  if (seeds) print('seeds', ({ runs }) => String(runs.length));
  print('iterations', ({ step }) => String(step));
  const { formatMetric } = await import('../metricTables.js');
  const printMetric = (name: string) =>
    print(
      name,
      ({ metrics, std }, index) => {
        if (!(name in metrics)) return '-';
        const spread = name in std ? ` ± ${formatMetric(std[name]!)}` : '';
        return `${formatMetric(metrics[name]!)}${spread}${best[name] === index ? '*' : ''}`;
      },
      columns.length > 1 && name in unranked ? `not ranked: ${unranked[name]!}` : '',
    );
  comparable.forEach(printMetric);
  for (const { metrics, differences } of incomparable) {
    terminal.print('');
    for (const difference of differences) terminal.print(`not comparable: ${describe(difference, runs)}`);
    metrics.forEach(printMetric);
  }
  const nameOf = ({ title, run }: Column) => (seeds ? title : run);
  return {
    result: {
      runs: evaluations,
      comparable,
      not_comparable: incomparable,
      not_ranked: unranked,
      best: Object.fromEntries(Object.entries(best).map(([metric, index]) => [metric, nameOf(columns[index]!)])),
      ...(seeds && {
        seeds: columns.map(({ title, runs, metrics, std }) => ({ name: title, runs, mean: metrics, std })),
      }),
    },
  };
};

/** Returns a column per group of runs that differ only in their seed, named A, B, ... */
async function seedColumns(evaluations: readonly (EvaluatedRun & { step: number })[]): Promise<Column[]> {
  const { meansOverSeeds } = await import('../../metrics/comparability.js');
  const { RunFolder } = await import('../../runs/runFolder.node.js');
  const withSettings = await Promise.all(
    evaluations.map(async (each) => ({
      ...each,
      settings: { ...(await (await RunFolder.open(each.run)).readConfiguration()), step: each.step },
    })),
  );
  return meansOverSeeds(withSettings).map((mean, index) => ({
    ...mean,
    title: index < 26 ? String.fromCharCode(65 + index) : `group ${index + 1}`,
    step: evaluations.find(({ run }) => run === mean.run)!.step,
  }));
}

function tablePrinter(columns: readonly Column[], names: readonly string[], terminal: Terminal) {
  const nameWidth = Math.max(...names.map((name) => name.length), 'iterations'.length) + 2;
  return (name: string, cellOf: (column: Column, index: number) => string, remark = '') => {
    // Stars have a column of their own.
    const cells = columns.map((column, index) => cellOf(column, index).replace(/[^*]$/, '$& ').padStart(WIDTH));
    terminal.print(`${name.padEnd(nameWidth)}${cells.join(' ')}${remark && `  ${remark}`}`.trimEnd());
  };
}

/** `sample count 500 (runs/a, runs/b); 10000 (runs/c)`. */
function describe({ condition, values }: Difference, runs: readonly string[]) {
  const different = [...new Set(values)].filter((value) => value !== '-');
  const runsWith = (value: string) => runs.filter((_, index) => values[index] === value).join(', ');
  return `${condition} ${different.map((value) => `${value} (${runsWith(value)})`).join('; ')}`;
}
