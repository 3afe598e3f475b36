/** Rounding errors of plain and lowered graphs: random updates of both networks against float64. */
import { updateGradients, type UpdateSpec } from '../../src/age/update.js';
import { parsePlan } from '../../src/age/plan.js';
import { drawCodes, type Prior } from '../../src/age/prior.js';
import type { Objective } from '../../src/age/losses.js';
import { stateSize } from '../../src/age/iteration.js';

import { type Graph, graphOf, input, type InputValue, topologicalOrder, type Value } from '../../src/engine/index.js';
import type { Target } from '../../src/engine/lowering/lower.js';
import {
  initialParameters,
  initialStatistics,
  NETWORK_NAMES,
  type NetworkName,
  type WeightName,
} from '../../src/networks/network.js';
import { ARCHITECTURES, type ArchitectureName } from '../../src/networks/architecture.js';
import { randomStream } from '../../src/random.js';
import { evaluateInFloat64 } from '../engine/float64.js';
import { compileSmall } from '../engine/running.js';

/** A random update. */
interface PrecisionCase {
  architecture: ArchitectureName;
  network: NetworkName;
  width: number;
  latent: number;
  channels: number;
  batch: number;
  objective: Objective;
  plan: string;
  seed: number;
}

const PLANS: Record<NetworkName, readonly string[]> = {
  encoder: [
    '1;KL_fake:1,KL_real:1,match_x:10',
    '1;KL_fake:3.7,KL_real:4,match_x:52,uniform:4',
    '1;KL_real:1,match_z:2',
  ],
  generator: ['1;KL_fake:1,match_z:1000', '1;KL_fake:4,match_z:1000,match_x:17', '1;match_x:1'],
};

/**
 * Draws a case. The cosine distance of gray images is left out: it compares signs of pixels, so that its true gradient
 * is 0 and the computed one is rounding of x / |x| at the pixel nearest to 0.
 */
export function drawCase(seed: number): PrecisionCase {
  const stream = randomStream(seed, 'precision case');
  const choose = <T>(choices: readonly T[]): T => choices[stream.below(choices.length)]!;
  const network = choose(NETWORK_NAMES);
  const drawn: PrecisionCase = {
    architecture: choose(['dcgan32', 'dcgan32', 'dcgan32', 'dcgan64'] as ArchitectureName[]),
    network,
    width: choose([2, 3, 4, 8]),
    latent: choose([4, 8, 16]),
    channels: choose([1, 3]),
    batch: choose([2, 3, 4, 8, 8, 16]),
    objective: {
      prior: choose<Prior>(['sphere', 'normal']),
      divergence: choose(['qp', 'pq', 'nearest']),
      moment: choose(['variance', 'std']),
      reduction: choose(['mean', 'sum']),
      matchX: choose(['L1', 'L2', 'cos']),
      matchZ: choose(['L1', 'L2', 'cos']),
    },
    plan: choose(PLANS[network]),
    seed,
  };
  const isGrayCosine = drawn.channels === 1 && drawn.objective.matchX === 'cos';
  return isGrayCosine ? { ...drawn, objective: { ...drawn.objective, matchX: 'L2' } } : drawn;
}

/** The graph of a case, with the results whose signs its gradient depends on as outputs `sign/N`, and its feeds. */
function caseGraph({ architecture, network, width, latent, channels, batch, objective, plan, seed }: PrecisionCase) {
  const pair = ARCHITECTURES[architecture].build({ channels, latentSize: latent, width });
  const names = NETWORK_NAMES.flatMap((each): WeightName[] => [`${each}.parameters`, `${each}.statistics`]);
  const state = Object.fromEntries(names.map((name) => [name, input(name, [stateSize(pair, name)])])) as Record<
    WeightName,
    InputValue
  >;
  const x = input('x', [batch, ...pair.encoder.inputShape]);
  const z = input('z', [batch, latent]);
  const spec: UpdateSpec = { network, plan: parsePlan(network, plan) };
  const { loss, gradients, passes } = updateGradients(pair, objective, spec, state, { x, z });
  const results: Record<string, Value> = { loss, ...gradients, ...passes };
  const feeds: Record<string, Float32Array> = {
    x: smoothImages(x.shape, seed),
    z: drawCodes(objective.prior, batch, latent, randomStream(seed, 'precision codes')),
  };
  for (const each of NETWORK_NAMES) {
    feeds[`${each}.parameters`] = initialParameters(pair[each], seed);
    feeds[`${each}.statistics`] = initialStatistics(pair[each]);
  }
  return {
    graph: graphOf({ ...results, ...switches(Object.values(results)) }, [...Object.values(state), x, z]),
    feeds,
  };
}

/** Images with large areas of similar color, as photographs have, in [-1, 1]. */
function smoothImages([batch, channels, height, width]: readonly number[], seed: number): Float32Array {
  const stream = randomStream(seed, 'precision images');
  const planes = Array.from({ length: batch! * channels! }, () => {
    const [a, b, c, d] = [0, 1, 2, 3].map(() => 2 * stream.uniform() - 1);
    return Array.from({ length: height! * width! }, (_, index) => {
      const [row, column] = [Math.floor(index / width!) / height!, (index % width!) / width!];
      const wave = a! + b! * Math.sin(6 * row + 3 * c!) + d! * Math.cos(9 * column + 2 * a!);
      return Math.max(-1, Math.min(1, wave / 2 + 0.1 * (stream.uniform() - 0.5)));
    });
  });
  return Float32Array.from(planes.flat());
}

/**
 * Values on whose sign or choice a gradient depends: results of activations, signs of differences, nearest neighbors.
 */
function switches(results: readonly Value[]): Record<string, Value> {
  const found = topologicalOrder(results).filter(
    (value) => value.kind === 'computed' && ['Relu', 'LeakyRelu', 'Sign', 'ArgMin'].includes(value.operator.name),
  );
  return Object.fromEntries(found.map((value, index) => [`sign/${index}`, value]));
}

/** Errors of one way to compute a case. */
export interface Errors {
  /** The error of each result: the largest absolute difference divided by the largest absolute expected element. */
  results: Record<string, number>;
  /** Elements with another sign, or another choice, than in float64. */
  changes: number;
}

/** Compares a case with float64, computed for each target. */
export async function measureErrors(
  drawn: PrecisionCase,
  targets: Record<string, Target>,
): Promise<Record<string, Errors>> {
  const { graph, feeds } = caseGraph(drawn);
  const expected = evaluateInFloat64(graph, feeds);
  const errors: Record<string, Errors> = {};
  for (const [name, target] of Object.entries(targets)) errors[name] = await errorsOf(graph, feeds, expected, target);
  return errors;
}

async function errorsOf(
  graph: Graph,
  feeds: Record<string, Float32Array>,
  expected: Record<string, Float64Array>,
  target: Target,
): Promise<Errors> {
  const program = await compileSmall(graph, target);
  const actual = await program.run(feeds);
  await program.release();
  const results: Record<string, number> = {};
  let changes = 0;
  for (const [name, wanted] of Object.entries(expected)) {
    const elements = Float64Array.from(actual[name]!.data as Float32Array, Number);
    if (name.startsWith('sign/')) {
      const isChoice = actual[name]!.type === 'int64';
      wanted.forEach((element, index) => {
        const other = elements[index]!;
        if (isChoice ? other !== element : Math.sign(other) !== Math.sign(element)) changes++;
      });
    } else results[name] = relativeError(elements, wanted);
  }
  return { results, changes };
}

function relativeError(actual: Float64Array, expected: Float64Array): number {
  const largest = expected.reduce((most, element) => Math.max(most, Math.abs(element)), 0);
  const difference = expected.reduce((most, element, index) => Math.max(most, Math.abs(element - actual[index]!)), 0);
  return difference === 0 ? 0 : difference / largest;
}

/** The largest error of any result. */
export const largestError = ({ results }: Errors): number => Math.max(...Object.values(results));
