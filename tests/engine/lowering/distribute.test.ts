import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUGMENTATIONS, drawAugmentations } from '../../../src/age/augmentation.js';
import { drawDistortions } from '../../../src/age/distortion.js';
import { EMA_NAMES, iterationOf, stateSize } from '../../../src/age/iteration.js';
import { parsePlan } from '../../../src/age/plan.js';
import { drawCodes } from '../../../src/age/prior.js';
import {
  batchNormalization,
  constant,
  type Graph,
  gradients,
  graphOf,
  input,
  meanOf,
  mul,
  type Program,
  reduceSum,
  square,
  type TensorData,
} from '../../../src/engine/index.js';
import { readGoldenCase, TOLERANCE, verify } from '../../../src/golden/verification.js';
import { randomStream } from '../../../src/random.js';
import { GOLDEN_NAMES, readGolden } from '../../age/goldenFiles.js';
import { IMAGE, IMAGE_SIZE, LATENT, OBJECTIVE, tinyPair, tinyState } from '../../age/tinyGame.js';
import { expectClose, expectCloseElements, largestOf } from '../expectations.js';
import { randomNetworks } from '../randomNetworks.js';
import { onAllRanks } from '../ranks.js';
import { compileSmall, inputsFor, run, targets } from '../running.js';

/** Compiles for ranks, and returns the results of the last one. */
const compileLast =
  (ranks: number, target: (typeof targets)['plain']) =>
  async (graph: Graph): Promise<Program> => {
    const program = await compileSmall(onAllRanks(graph, ranks), target);
    const suffix = `@${ranks - 1}`;
    const run = async (feeds: Parameters<Program['run']>[0]) => {
      const results = Object.entries(await program.run(feeds)).filter(([name]) => name.endsWith(suffix));
      return Object.fromEntries(results.map(([name, value]) => [name.slice(0, -suffix.length), value]));
    };
    return Object.assign(Object.create(program) as Program, { run, release: () => program.release() });
  };

describe('a distributed update', () => {
  // Other sizes and channels change nothing that depends on ranks.
  const names = GOLDEN_NAMES.filter((name) => !['dcgan32-rgb', 'dcgan64-rgb'].includes(name));

  // With the fewest ranks for every second file, and more for the others.
  it.each(names.map((name, index) => [name, index % 2] as const))(
    'of %s is that of one process (%i)',
    async (name, choice) => {
      const golden = await readGolden(name);
      const ranks = [2, 3, 4, 5].filter((count) => readGoldenCase(golden, name).batch % count === 0)[choice]!;
      const { groups } = await verify(golden, name, compileLast(ranks, targets.blocked));
      for (const [group, error] of Object.entries(groups)) expect(error, group).toBeLessThanOrEqual(TOLERANCE);
    },
  );
});

describe('a distributed iteration', () => {
  it('is that of one process, with every term, augmentation and average', async () => {
    const [batch, augmentations] = [6, AUGMENTATIONS];
    const plans = {
      encoder: parsePlan('encoder', '2;KL_fake:3,KL_real:4,match_x:10,match_z:2,align:5,uniform:1'),
      generator: parsePlan('generator', '1;KL_fake:1,match_z:10,match_x:3'),
    };
    const iteration = iterationOf({
      pair: tinyPair,
      objective: { ...OBJECTIVE, divergence: 'nearest' },
      plans,
      batch,
      hasEma: true,
      augmentations,
    });
    // Under other names, so that the state keeps its order of elements.
    const outputs = Object.fromEntries(
      Object.entries(iteration.graph.outputs).map(([name, value]) => [`the ${name}`, value]),
    );
    const graph: Graph = { ...iteration.graph, outputs };
    const stream = randomStream(7, 'distributed iteration');
    const feeds: Record<string, TensorData['data']> = {
      ...tinyState(),
      ...Object.fromEntries(EMA_NAMES.map((name) => [name, new Float32Array(stateSize(tinyPair, name))])),
      images: Uint8Array.from({ length: 2 * batch * IMAGE_SIZE }, () => stream.below(256)),
      codes: drawCodes('sphere', 3 * batch, LATENT, stream),
      augmentation: drawAugmentations(augmentations, 3 * 2 * batch, IMAGE, stream),
      distortions: drawDistortions(2 * batch, IMAGE, stream),
      'encoder.schedule': Float32Array.of(0.01, 1, 0.01, 1),
      'generator.schedule': Float32Array.of(0.01, 1),
      ema_decay: Float32Array.of(0.9),
    };
    const resultsOf = async (compiled: Graph) => {
      const program = await compileSmall(compiled);
      return program.run(feeds).finally(() => program.release());
    };
    const [alone, together] = [await resultsOf(graph), await resultsOf(onAllRanks(graph, 3))];
    for (const [name, expected] of Object.entries(alone)) {
      // Three updates of Adam amplify rounding errors.
      for (let rank = 0; rank < 3; rank++) expectClose(together[`${name}@${rank}`]!, expected, 1e-3);
    }
  });
});

describe('a distributed graph', () => {
  it('has the results of one process on every rank', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomNetworks, fc.constantFrom(2, 3), async ({ tensors, build }, ranks) => {
        fc.pre(tensors[0]!.shape[0]! % ranks === 0);
        const inputs = inputsFor(tensors);
        const result = build(...inputs);
        const loss = meanOf(square(result));
        const slopes = gradients(loss, inputs.slice(1)).map((slope, index) => [`slope${index}`, slope] as const);
        const graph = { ...graphOf({ loss, result, ...Object.fromEntries(slopes) }, inputs), batchAxes: { input0: 0 } };
        const expected = await run(graph, tensors);
        const actual = await run(onAllRanks(graph, ranks), tensors);
        // The gradient of a bias before a normalization is nothing but rounding errors of others.
        const largest = Math.max(1, ...Object.values(expected).map(({ data }) => largestOf(Array.from(data, Number))));
        for (const [name, value] of Object.entries(expected)) {
          for (let rank = 0; rank < ranks; rank++) expectClose(actual[`${name}@${rank}`]!, value, 1e-4, largest);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('a distributed batch normalization', () => {
  const [batch, channels, side] = [16, 4, 16] as const;
  const size = batch * channels * side * side;
  const channelOf = (index: number) => Math.floor(index / side ** 2) % channels;
  const isOf = (channel: number) => (_: number, index: number) => channelOf(index) === channel;

  it.each(['plain', 'cpu', 'blocked'] as const)(
    'keeps its digits if the mean is a hundred standard deviations (%s)',
    async (target) => {
      const stream = randomStream(5, 'distant mean');
      const data = Float32Array.from(stream.fillNormal(new Float32Array(size)), (draw) => 100 + draw);
      // Sums of the slope over the parts are far from each other, so that an error of a part's mean would count.
      const slope = Float32Array.from(
        stream.fillNormal(new Float32Array(size)),
        (draw, index) => draw + (index < size / 2 ? 1 : -1),
      );
      const shape = [batch, channels, side, side];
      const [x, weights, scale] = [input('x', shape), input('slope', shape), input('scale', [channels])];
      const loss = reduceSum(
        mul(batchNormalization(x, scale, constant(new Float32Array(channels))), weights),
        [0, 1, 2, 3],
        { keepAxes: false },
      );
      const graph = {
        ...graphOf({ gradient: gradients(loss, [scale])[0]! }, [x, weights, scale]),
        batchAxes: { x: 0, slope: 0 },
      };
      const program = await compileSmall(onAllRanks(graph, 2), targets[target]);
      const results = await program
        .run({ x: data, slope, scale: new Float32Array(channels).fill(1) })
        .finally(() => program.release());

      const expected = Array.from({ length: channels }, (_, channel) => {
        const [values, slopes] = [data, slope].map((all) => Array.from(all).filter(isOf(channel))) as [
          number[],
          number[],
        ];
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
        return values.reduce(
          (sum, value, index) => sum + (slopes[index]! * (value - mean)) / Math.sqrt(variance + 1e-5),
          0,
        );
      });
      for (let rank = 0; rank < 2; rank++)
        expectCloseElements(
          Array.from(results[`gradient@${rank}`]!.data as Float32Array),
          expected,
          2e-5,
          largestOf(expected),
        );
    },
  );
});
