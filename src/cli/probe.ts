import { InvalidArgumentError } from '@commander-js/extra-typings';
import { SOURCE_FORMS } from '../data/open.node.js';
import { InputError, nearestName } from '../errors.js';
import { probe, PROBE_METHODS, type ProbeMethod } from '../evaluation/index.js';
import { modelWeights } from '../training/index.js';
import { type Outcome, perform, subcommand, type Terminal } from './command.js';
import { openRun } from './openRun.js';
import { compilerOf, type CompilerOptions, deviceOption, seedOption, threadsOption, wholeNumber } from './options.js';
import { openRunData } from './runData.js';

const EXAMPLES = `
Methods: codes, features (logistic regression on codes, and on the encoder's inner features), knn (nearest codes), finetune (the encoder
trained on with a linear head); and to compare with, pixels (logistic regression on pixels), supervised (the same network from scratch).

Examples:
  agenet probe runs/mnist-1 --labels 100,1000
  agenet probe runs/mnist-1 --labels 10,100,all --methods codes,finetune --draws 3
`;

export const probeCommand = () =>
  subcommand('probe', 'classify with few labels: test accuracy')
    .argument('<run>', 'a run folder, or a checkpoint')
    .argument('[data]', `${SOURCE_FORMS} (default: what the run was trained on)`)
    .requiredOption('--labels <list>', 'numbers of labels, the same for each class, or all; with commas', labelCounts)
    .option('--draws <number>', 'how often labels are drawn', wholeNumber(1, 1000), 5)
    .option('--methods <list>', `of ${PROBE_METHODS.join(', ')}, with commas (default: all)`, methodNames, [...PROBE_METHODS])
    .addOption(seedOption().default(0))
    .option('--raw', 'use the weights themselves, not their averages')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText('after', EXAMPLES)
    .action((run, data, options) => perform(options, (terminal) => probeRun(run, data, options, terminal)));

function labelCounts(text: string): (number | 'all')[] {
  return text.split(',').map((part) => {
    const count = Number(part);
    if (part === 'all') return part;
    if (part.trim() === '' || !Number.isInteger(count) || count < 1) throw new InvalidArgumentError(`"${part}" is neither a number of labels nor all.`);
    return count;
  });
}

function methodNames(text: string): ProbeMethod[] {
  return text.split(',').map((part) => {
    const known = PROBE_METHODS.find((method) => method === part);
    if (known !== undefined) return known;
    const nearest = nearestName(part, PROBE_METHODS);
    throw new InvalidArgumentError(`There is no method "${part}"${nearest ? `, did you mean ${nearest}?` : ''} (there is ${PROBE_METHODS.join(', ')}).`);
  });
}

type Options = {
  readonly labels: readonly (number | 'all')[];
  readonly draws: number;
  readonly methods: readonly ProbeMethod[];
  readonly seed: number;
  readonly raw?: true | undefined;
} & CompilerOptions;

async function probeRun(run: string, data: string | undefined, options: Options, terminal: Terminal): Promise<Outcome> {
  const { labels, draws, methods, seed, raw = false } = options;
  if (methods.length === 0) throw new InputError('--methods: none are named');
  const compile = compilerOf(options);
  const { model, checkpoint } = await openRun(run, compile, options);
  const { configuration } = checkpoint;
  const source = await openRunData(data, configuration, terminal);
  const start = performance.now();
  try {
    const weights = modelWeights(checkpoint.vectors, { raw });
    const results = await probe({
      model,
      weights,
      source,
      labels,
      draws,
      methods,
      seed,
      compile,
      onResult: ({ labels: count, method, accuracy, std }) =>
        terminal.print(`${method.padEnd(12)} ${String(count).padStart(7)} labels: ${(100 * accuracy).toFixed(2)} % (deviation ${(100 * std).toFixed(2)})`),
    });
    const protocol = {
      data: source.name,
      draws,
      seed,
      classes: source.classes,
      test: Math.min(10_000, source.test.count),
      seconds: (performance.now() - start) / 1000,
    };
    return { result: { run, step: checkpoint.step, results, protocol } };
  } finally {
    await model.release();
    source.close?.();
  }
}
