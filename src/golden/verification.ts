import {
  adam,
  adamScalars,
  type Compile,
  constant,
  type Graph,
  graphOf,
  input,
  flattenTensors,
  type FlatLayout,
  type TensorFile,
  unpack,
  type Value,
} from '../engine/index.js';
import { InputError } from '../errors.js';
import { NETWORK_NAMES, type NetworkName, type NetworkPair } from '../networks/network.js';
import { type GoldenCase, readGoldenCase } from './goldenCase.js';
import { inferenceFunctions, type NetworkState } from '../age/networkFunctions.js';
import { updateGradients, type UpdateSpec } from '../age/update.js';

/** Errors of one golden file; each is the largest absolute difference over the largest absolute expected value of a tensor. */
export interface Verification {
  readonly file: string;
  /** The largest error of each group: a tensor's path without its last part (`encoder_update/grad`), and `losses` (relative). */
  readonly groups: Readonly<Record<string, number>>;
  readonly max_error: number;
}

/** The largest error that is still right: float32 rounding along whole updates. */
export const TOLERANCE = 5e-5;

/** Computes everything that a golden file expects from what it gives, and compares. Throws InputError for a file that is none. */
export async function verify(golden: TensorFile, file: string, compile: Compile): Promise<Verification> {
  const goldenCase = readGoldenCase(golden, file);
  const graph = goldenGraph(goldenCase, golden);
  const feeds = Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, feedOf(name, shape, goldenCase.pair, golden, file)]));
  const program = await compile(graph);
  const results = await program.run(feeds);
  await program.release();

  const groups: Record<string, number> = {};
  const record = (group: string, error: number) => (groups[group] = Math.max(groups[group] ?? 0, error));
  for (const [name, expected] of Object.entries(goldenCase.losses))
    record('losses', relativeError(results[`losses/${name}`]?.data as Float32Array, [expected]));
  for (const [name, { data }] of Object.entries(golden.tensors)) {
    if (isExpectation(name)) record(name.slice(0, name.lastIndexOf('/')), relativeError(results[name]?.data as Float32Array, data));
  }
  if (Object.keys(groups).length === 0) throw new InputError(`${file}: not a golden file, it expects nothing`);
  return { file, groups, max_error: Math.max(...Object.values(groups)) };
}

/** Tensors that are results, not what they are computed from. */
const isExpectation = (name: string): boolean => !/^(initial|input)\//.test(name) && !/^adam\/[^/]+$/.test(name);

/** One graph whose outputs are the expected tensors, under their names, and the losses. */
function goldenGraph(goldenCase: GoldenCase, golden: TensorFile): Graph {
  const { pair, batch, latent } = goldenCase;
  const state = Object.fromEntries(
    NETWORK_NAMES.map((network) => [network, { parameters: packedInput(network, 'parameters', pair), statistics: packedInput(network, 'statistics', pair) }]),
  ) as Record<NetworkName, NetworkState>;
  const x = input('input/x', [batch, ...pair.encoder.inputShape]);
  const codes = (network: NetworkName) => input(`input/z_${network}_update`, [batch, latent]);
  const z: Record<NetworkName, Value> = { encoder: codes('encoder'), generator: codes('generator') };

  const outputs: Record<string, Value> = {};
  for (const kind of goldenCase.updates) Object.assign(outputs, updateOutputs(goldenCase, kind, state, x, z[kind.network]));
  const { encode, generate } = inferenceFunctions(pair, state, goldenCase.objective.prior);
  const code = encode(x, 'own');
  Object.assign(outputs, { 'evaluation/sample': generate(z.generator, 'own'), 'evaluation/code': code, 'evaluation/reconstruction': generate(code, 'made') });
  if (goldenCase.adam) Object.assign(outputs, adamOutputs(goldenCase.adam, golden));
  return graphOf(outputs);
}

function updateOutputs({ pair, objective }: GoldenCase, kind: UpdateSpec, state: Record<NetworkName, NetworkState>, x: Value, z: Value): Record<string, Value> {
  const { loss, terms, gradients, statistics, realCodes, reconstruction, fake } = updateGradients(pair, objective, kind, state, { x, z });
  const prefix = `${kind.network}_update`;
  const under = (path: string, values: Readonly<Record<string, Value | undefined>>) =>
    Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value ? [[`${path}${name}`, value] as const] : [])));
  return {
    ...under(`losses/${kind.network}.`, { loss, ...terms }),
    ...under(`${prefix}/grad/`, gradients),
    ...under(`${prefix}/after/`, { ...unpack(statistics.encoder, pair.encoder.statistics), ...unpack(statistics.generator, pair.generator.statistics) }),
    ...under(`${prefix}/`, { code_of_x: realCodes, reconstruction, fake }),
  };
}

function adamOutputs(constants: NonNullable<GoldenCase['adam']>, golden: TensorFile): Record<string, Value> {
  const size = golden.tensors['adam/parameter']?.data.length ?? 0;
  const given = (part: string) => input(`adam/${part}`, [size]);
  const [stepSize, denominatorScale] = adamScalars(constants.learningRate, constants.step, constants);
  const after = adam(
    given('parameter'),
    given('grad'),
    { m: given('m'), v: given('v') },
    { stepSize: constant(stepSize), denominatorScale: constant(denominatorScale) },
    constants,
  );
  return { 'adam/after/parameter': after.parameter, 'adam/after/m': after.m, 'adam/after/v': after.v };
}

const packedInput = (network: NetworkName, part: 'parameters' | 'statistics', pair: NetworkPair) => input(`${network}.${part}`, [pair[network][part].size]);

/** The elements of an input of the graph: a tensor of the file, or the packed vector of its initial tensors. */
function feedOf(name: string, shape: readonly number[], pair: NetworkPair, golden: TensorFile, file: string): Float32Array {
  const tensor = (path: string, size: number): Float32Array => {
    const found = golden.tensors[path]?.data;
    if (found?.length !== size)
      throw new InputError(
        `${file}: not a golden file of its own case, ${path} should have ${size} elements${found ? `, not ${found.length}` : ' but is missing'}`,
      );
    return found;
  };
  const [network, part] = name.split('.') as [NetworkName, 'parameters' | 'statistics' | undefined];
  if (part === undefined)
    return tensor(
      name,
      shape.reduce((a, b) => a * b, 1),
    );
  const packing: FlatLayout = pair[network][part];
  return flattenTensors(
    Object.fromEntries(
      [...packing.entries].map(([entry, { shape: own }]) => [
        entry,
        tensor(
          `initial/${entry}`,
          own.reduce((a, b) => a * b, 1),
        ),
      ]),
    ),
    packing,
  );
}

/** Largest absolute difference over the largest absolute expected value; infinite where a result is missing or of another size. */
function relativeError(actual: ArrayLike<number> | undefined, expected: ArrayLike<number>): number {
  if (actual?.length !== expected.length) return Number.MAX_VALUE;
  let [difference, largest] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    const error = Math.abs(actual[index]! - expected[index]!);
    difference = Number.isNaN(error) ? Infinity : Math.max(difference, error);
    largest = Math.max(largest, Math.abs(expected[index]!));
  }
  const error = difference === 0 ? 0 : difference / largest;
  return Number.isFinite(error) ? error : Number.MAX_VALUE;
}
