import { z } from 'zod';
import { distortBy, DISTORTION_SIZE } from '../age/distortion.js';
import { stateSize } from '../age/iteration.js';
import { inferenceFunctions, type PairState } from '../age/networkFunctions.js';
import { DISTANCES } from '../age/distances.js';
import { MOMENTS, REDUCTIONS } from '../age/divergences.js';
import { type Objective, type Term, TERMS, type UpdateBatch } from '../age/losses.js';
import { moveTowards, PRIORS } from '../age/prior.js';
import { updateGradients, type UpdateSpec } from '../age/update.js';
import {
  adam,
  adamScalars,
  type BatchAxes,
  type Compile,
  constant,
  flattenTensors,
  graphOf,
  input,
  type InputValue,
  sizeOf,
  type TensorFile,
  unpack,
  type Value,
} from '../engine/index.js';
import { conditionOf } from '../conditions/condition.js';
import { InputError } from '../errors.js';
import { ARCHITECTURE_NAMES, ARCHITECTURES } from '../networks/architecture.js';
import { mapWeights, NETWORK_NAMES, type NetworkName, type NetworkPair, type WeightPart } from '../networks/network.js';

/** The largest error that float32 rounding explains in an update. */
export const TOLERANCE = 5e-5;

/** Largest absolute differences of tensors, relative to the largest expected value. */
export interface Verification {
  file: string;
  /** By the path of tensors (`encoder_update/grad`), or `losses`. */
  groups: Record<string, number>;
  max_error: number;
}

/** @throws {InputError} if it is not a golden file */
export async function verify(golden: TensorFile, file: string, compile: Compile): Promise<Verification> {
  const goldenCase = readGoldenCase(golden, file);
  const graph = goldenGraph(goldenCase, golden);
  const feeds = graph.inputs.map((value) => [value.name, feedOf(value, goldenCase.pair, golden, file)] as const);
  const program = await compile(graph);
  const results = await program.run(Object.fromEntries(feeds)).finally(() => program.release());

  const groups: Record<string, number> = {};
  const compare = (group: string, name: string, expected: ArrayLike<number>) => {
    groups[group] = Math.max(groups[group] ?? 0, relativeError(results[name]?.data as Float32Array, expected));
  };
  for (const [name, expected] of Object.entries(goldenCase.losses)) compare('losses', `losses/${name}`, [expected]);
  for (const [name, { data }] of Object.entries(golden.tensors)) {
    if (!isInput(name)) compare(name.slice(0, name.lastIndexOf('/')), name, data);
  }
  if (Object.keys(groups).length === 0)
    throw new InputError(file, 'not a golden file', 'it contains no expected results');
  return { file, groups, max_error: Math.max(...Object.values(groups)) };
}

const isInput = (name: string) => /^(initial|input)\//.test(name) || /^adam\/[^/]+$/.test(name);

const positive = z.int().positive();

/** Names of make_golden.py. */
const caseSchema = z.object({
  arch: z.enum(ARCHITECTURE_NAMES),
  nf: positive,
  nz: positive,
  nc: positive,
  nk: z.int().min(0).default(0),
  picture: z.string().default(''),
  batch: positive,
  moment: z.enum(MOMENTS),
  reduce: z.enum(REDUCTIONS),
  direction: z.enum(['qp', 'pq']),
  criterion: z.enum(['gaussian', 'nearest']),
  match_x: z.enum(DISTANCES),
  match_z: z.enum(DISTANCES),
  noise: z.enum(PRIORS),
  e_margin: z.number().min(0).default(0),
  displaced: z.boolean().default(false),
});
const weightKey = (network: NetworkName, term: Term) => `${network[0]}_${term.toLowerCase()}`;
const weightKeys = NETWORK_NAMES.flatMap((network) => TERMS[network].map((term) => weightKey(network, term)));
const weightSchema = z.object(Object.fromEntries(weightKeys.map((key) => [key, z.number().default(0)])));
const adamSchema = z.object({ lr: z.number(), beta1: z.number(), beta2: z.number(), eps: z.number(), step: positive });

/**
 * Reads the configuration, and the expected losses by name: `encoder.KL_real`.
 * @throws {InputError} if it is missing or invalid
 */
export function readGoldenCase({ metadata }: TensorFile, file: string) {
  const read = <T>(key: string, schema: z.ZodType<T>): T => {
    const parsed = schema.safeParse(parseJson(metadata[key]));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const problem = issue!.path.length > 0 ? `have an invalid ${issue!.path.join('.')}` : 'are missing';
    throw new InputError(file, 'not a golden file', `its metadata "${key}" ${problem} (${issue!.message})`);
  };
  const golden = read('case', caseSchema);
  const expected = Object.entries(read('losses', z.record(z.string(), z.number())));
  const losses = Object.fromEntries(expected.map(([name, value]) => [name.replace('.kl_', '.KL_'), value]));
  const weights = read('case', weightSchema);
  const weightsOf = (network: NetworkName) =>
    Object.fromEntries(TERMS[network].map((term) => [term, weights[weightKey(network, term)]!]));
  const updates = NETWORK_NAMES.map((network): UpdateSpec => ({
    network,
    plan: { updates: 1, weights: weightsOf(network) },
    // Weights of 0 may be listed.
    monitored: TERMS[network].filter((term) => `${network}.${term}` in losses),
  }));
  return {
    pair: ARCHITECTURES[golden.arch].build({
      channels: golden.nc,
      latentSize: golden.nz,
      width: golden.nf,
      condition: goldenCondition(golden),
    }),
    objective: {
      prior: golden.noise,
      divergence: golden.criterion === 'gaussian' ? golden.direction : golden.criterion,
      moment: golden.moment,
      reduction: golden.reduce,
      matchX: golden.match_x,
      matchZ: golden.match_z,
      margin: golden.e_margin,
    } satisfies Objective,
    isDisplaced: golden.displaced,
    batch: golden.batch,
    latentSize: golden.nz,
    updates,
    losses,
    adam: metadata.adam === undefined ? undefined : read('adam', adamSchema),
  };
}

const goldenCondition = ({ nk, picture, nc, arch }: z.infer<typeof caseSchema>) =>
  conditionOf({
    condition: picture || (nk > 0 ? 'class' : 'none'),
    classes: new Array<string>(nk).fill(''),
    attributes: [],
    channels: nc,
    size: ARCHITECTURES[arch].imageSize,
  });

type GoldenCase = ReturnType<typeof readGoldenCase>;

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

function goldenGraph(goldenCase: GoldenCase, golden: TensorFile) {
  const { pair, batch, latentSize, objective, updates, isDisplaced } = goldenCase;
  const state = mapWeights((network, part) => {
    const name = `${network}.${part}` as const;
    return input(name, [stateSize(pair, name)]);
  });
  const x = input('input/x', [batch, ...pair.encoder.inputShape]);
  const { condition } = pair.encoder;
  const y = condition && input('input/y', [batch, ...condition.shape]);
  const distort = distortBy(input('input/distortions', [batch, DISTORTION_SIZE]));
  const z = {
    encoder: input('input/z_encoder_update', [batch, latentSize]),
    generator: input('input/z_generator_update', [batch, latentSize]),
  };
  const displacements = (network: NetworkName) => input(`input/displacements_${network}_update`, [batch, 1]);
  const batchOf = (network: NetworkName): UpdateBatch => ({
    ...{ x, y, z: z[network], distort },
    move: isDisplaced ? (codes) => moveTowards(codes, z[network], displacements(network), objective.prior) : undefined,
  });
  const { encode, generate } = inferenceFunctions(pair, state, objective.prior);
  const code = encode({ x, y }, { kind: 'native' });
  const graph = graphOf({
    ...Object.fromEntries(updates.flatMap((spec) => updateOutputs(goldenCase, spec, state, batchOf(spec.network)))),
    'evaluation/sample': generate({ z: z.generator, y }, { kind: 'native' }),
    'evaluation/code': code,
    'evaluation/reconstruction': generate({ z: code, y }, { kind: 'generated' }),
    ...(goldenCase.adam && adamOutputs(goldenCase.adam, golden)),
  });
  const batchAxes = graph.inputs.filter(({ name }) => name.startsWith('input/')).map(({ name }) => [name, 0]);
  return { ...graph, batchAxes: Object.fromEntries(batchAxes) as BatchAxes };
}

function updateOutputs({ pair, objective }: GoldenCase, spec: UpdateSpec, state: PairState, batch: UpdateBatch) {
  const { loss, terms, gradients, statistics, passes } = updateGradients(pair, objective, spec, state, batch);
  const under = (path: string, values: Record<string, Value | undefined>) =>
    Object.entries(values).flatMap(([name, value]) => (value ? [[`${path}${name}`, value] as const] : []));
  const prefix = `${spec.network}_update`;
  return [
    ...under(`losses/${spec.network}.`, { loss, ...terms }),
    ...under(`${prefix}/grad/`, gradients),
    ...NETWORK_NAMES.flatMap((network) =>
      under(`${prefix}/after/`, unpack(statistics[network], pair[network].statistics)),
    ),
    ...under(`${prefix}/`, { code_of_x: passes.realCodes, reconstruction: passes.reconstruction, fake: passes.fake }),
  ];
}

function adamOutputs({ lr, step, eps: epsilon, ...betas }: z.infer<typeof adamSchema>, golden: TensorFile) {
  const size = golden.tensors['adam/parameter']?.data.length ?? 0;
  const tensor = (name: string) => input(`adam/${name}`, [size]);
  const constants = { ...betas, epsilon };
  const [stepSize, denominatorScale] = adamScalars(lr, step, constants);
  const scalars = { stepSize: constant(stepSize), denominatorScale: constant(denominatorScale) };
  const moments = { m: tensor('m'), v: tensor('v') };
  const { parameter, m, v } = adam(tensor('parameter'), tensor('grad'), moments, scalars, constants);
  return { 'adam/after/parameter': parameter, 'adam/after/m': m, 'adam/after/v': v };
}

/** Returns a tensor of the file, or the flat vector of initial tensors. */
function feedOf({ name, shape }: InputValue, pair: NetworkPair, golden: TensorFile, file: string) {
  const tensor = (path: string, size: number) => {
    const found = golden.tensors[path]?.data;
    if (found?.length === size) return found;
    const problem = found ? `should have ${size} elements, not ${found.length}` : 'is missing';
    throw new InputError(file, 'not a golden file for its configuration', `${path} ${problem}`);
  };
  const [network, part] = name.split('.') as [NetworkName, WeightPart | undefined];
  if (part === undefined) return tensor(name, sizeOf(shape));
  const layout = pair[network][part];
  const tensors = Array.from(layout.entries, ([path, entry]) => [path, tensor(`initial/${path}`, sizeOf(entry.shape))]);
  return flattenTensors(Object.fromEntries(tensors) as Record<string, Float32Array>, layout);
}

/** Returns the largest number for an infinite error or missing result: JSON has no infinity. */
function relativeError(actual: ArrayLike<number> | undefined, expected: ArrayLike<number>) {
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
