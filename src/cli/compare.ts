import { type Outcome, perform, subcommand, type Terminal } from './command.js';
import { readLatestEvaluation } from '../evaluation/evaluationFile.node.js';
import { figure } from './evaluationTable.js';

const EXAMPLES = `
Examples:
  agenet evaluate runs/a && agenet evaluate runs/b && agenet compare runs/a runs/b
`;

const WIDTH = 16;

export const compareCommand = () =>
  subcommand('compare', 'put the evaluations of runs side by side')
    .argument('<runs...>', 'run folders that were evaluated')
    .addHelpText('after', EXAMPLES)
    .action((runs, options) => perform(options, (terminal) => compare(runs, terminal)));

async function compare(runs: readonly string[], terminal: Terminal): Promise<Outcome> {
  const evaluations = await Promise.all(runs.map(async (run) => ({ run, ...(await readLatestEvaluation(run)) })));
  const extractors = new Set(evaluations.map(({ protocol }) => JSON.stringify(protocol.extractor ?? null)));
  // Distances of features mean something only between features of one extractor.
  if (extractors.size > 1)
    terminal.note('warning: these runs were evaluated with different feature extractors; their FID, KID and the like cannot be compared');
  const names = [...new Set(evaluations.flatMap(({ metrics }) => Object.keys(metrics)))];
  const nameWidth = Math.max(...names.map((name) => name.length)) + 2;
  const row = (name: string, cells: readonly string[]) =>
    terminal.print(name.padEnd(nameWidth) + cells.map((cell) => cell.slice(-WIDTH + 2).padStart(WIDTH)).join(''));
  row('', runs);
  row(
    'iterations',
    evaluations.map(({ step }) => String(step)),
  );
  for (const name of names)
    row(
      name,
      evaluations.map(({ metrics }) => (name in metrics ? figure(metrics[name]!) : '-')),
    );
  return { result: { runs: evaluations, same_extractor: extractors.size === 1 } };
}
