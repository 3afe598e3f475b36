import { didYouMean, InputError, quoted } from '../errors.js';
import { type FlatLayout, flatLayout, flattenTensors, pack, tensorViews, unpack } from './flatLayout.js';
import { gradients } from './gradients.js';
import { type Graph, graphOf, mapValues, replaceLeaves, topologicalOrder } from './graph.js';
import { lowerPortable } from './lowering/portable.js';
import { nextName } from './lowering/state.js';
import { encode } from './onnx.js';
import { add, clip, div, mul, sqrt, square, sumOf } from './operators/index.js';
import { createOptimizer, type Optimizer, type OptimizerChoice } from './optimizers.js';
import { type Compile, StatefulProgram } from './runtime/program.js';
import { showShape, sizeOf } from './shape.js';
import { inTrainingMode, type TrainingMode } from './trainingMode.js';
import { constantTensor, type ConstantValue, type ElementArray, input, type InputValue, type Value } from './value.js';

/** An imported model, or one that was built with the engine. */
export interface TrainableModel {
  /** Constants, with their initial values, or inputs that are optimized like them. */
  parameters: Readonly<Record<string, ConstantValue | InputValue>>;
  outputs: Readonly<Record<string, Value>>;
  /** Running statistics of batch normalization, which the mode 'train' updates (default: none). */
  statistics?: Readonly<Record<string, ConstantValue>>;
  /** Encodes the model with other values of parameters (default: encodes the outputs). */
  encode?: (parameters: ParameterValues) => Promise<Uint8Array>;
}

/** Elements of parameters and statistics by name. */
export type ParameterValues = Readonly<Record<string, Float32Array>>;

export interface ModelTrainingOptions {
  /** A float32 scalar, built from the model's outputs. */
  loss: Value;
  /** `compile` of `agenet/native` or `agenet/web`. */
  compile: Compile;
  /** A number, or a function of the step, counted from 1. */
  learningRate: number | ((step: number) => number);
  /** Default: Adam. */
  optimizer?: OptimizerChoice;
  /**
   * As in PyTorch: `train` normalizes batches by their own statistics, updates running statistics, and applies dropout;
   * `eval` uses running statistics, and no dropout (default).
   */
  mode?: 'train' | 'eval';
  /** Seed of dropout, an integer (default: 0). Draws also depend on ONNX Runtime's build. */
  seed?: number;
  /** Names of parameters that change, in which `*` matches any text (default: all). Others stay constant. */
  trainable?: readonly string[];
  /** Limit of the norm of all gradients together (default: none). */
  clipNorm?: number;
  /** Values of parameters and statistics to start from (default: the model's). A trainable input needs one. */
  initial?: ParameterValues;
  /** Further scalars that each step reports. */
  metrics?: Readonly<Record<string, Value>>;
}

/** Scalars of a step, computed before its update. */
export type StepReport = Record<string, number> & { loss: number };

const STATE = 'training/';
const PARAMETERS = `${STATE}parameters`;
const STATISTICS = `${STATE}statistics/`;

/**
 * Trains parameters of a model. Parameters and the optimizer's state stay on the device between steps.
 * @example
 * const model = await importOnnx(bytes, { dimensions: { batch: 32 } });
 * const target = input('target', model.outputs.y.shape);
 * const loss = meanOf(square(sub(model.outputs.y, target)));
 * const training = await ModelTraining.start(model, { loss, learningRate: 1e-3, compile });
 * await training.step({ x: images, target: targets }); // { loss: 0.25 }
 * await writeFile('trained.onnx', await training.toOnnx());
 */
export class ModelTraining {
  private stepCount = 0;

  private constructor(
    private readonly model: TrainableModel,
    private readonly program: StatefulProgram,
    private readonly optimizer: Optimizer,
    private readonly layout: FlatLayout,
    private readonly options: ModelTrainingOptions,
  ) {}

  /** @throws {InputError} if a name is unknown, a value has the wrong size, or the loss depends on no parameter */
  static async start(model: TrainableModel, options: ModelTrainingOptions): Promise<ModelTraining> {
    const { initial = {} } = options;
    requireParameters(model, initial);
    const trainable = selectTrainable(model, options);
    const layout = flatLayout(mapValues(trainable, ({ shape }) => shape));
    const optimizer = createOptimizer(options.optimizer ?? { name: 'adam' });
    const parameters = mapValues(trainable, (value, name) => initialOf(name, value, initial));
    const zeros = optimizer.states.map((name) => [STATE + name, new Float32Array(layout.size)] as const);
    const { graph, statistics } = buildStep(model, layout, optimizer, options);
    const state = { [PARAMETERS]: flattenTensors(parameters, layout), ...Object.fromEntries(zeros), ...statistics };
    const program = new StatefulProgram(await options.compile(graph), state);
    return new ModelTraining(model, program, optimizer, layout, options);
  }

  /** How many steps were taken. */
  get steps(): number {
    return this.stepCount;
  }

  /** Takes a step on one batch: all inputs of the loss and the metrics by name. */
  async step(feeds: Record<string, ElementArray>): Promise<StepReport> {
    const { learningRate } = this.options;
    const step = this.stepCount + 1;
    const rate = typeof learningRate === 'number' ? learningRate : learningRate(step);
    const scalars = Object.entries(this.optimizer.scalars(rate, step));
    const fed = Object.fromEntries(scalars.map(([name, scalar]) => [STATE + name, Float32Array.of(scalar)]));
    const results = await this.program.step({ ...feeds, ...fed });
    this.stepCount = step;
    return mapValues(results, ({ data }) => Number(data[0])) as StepReport;
  }

  /** Returns the trainable parameters after the last step, and in the mode 'train' the running statistics. */
  async readParameters(): Promise<Record<string, Float32Array>> {
    const { [PARAMETERS]: vector, ...others } = await this.program.readState();
    const statistics = Object.entries(others).filter(([name]) => name.startsWith(STATISTICS));
    return {
      ...tensorViews(vector!, this.layout),
      ...Object.fromEntries(statistics.map(([name, data]) => [name.slice(STATISTICS.length), data])),
    };
  }

  /**
   * Encodes the trained model. An imported model keeps all else in its file, such as symbolic dimensions. Another one
   * has the shapes with which it was built.
   */
  async toOnnx(): Promise<Uint8Array> {
    const parameters = { ...this.options.initial, ...(await this.readParameters()) };
    if (this.model.encode) return this.model.encode(parameters);
    const outputs = replaceParameters(this.model, this.model.outputs, constantsOf(this.model, parameters));
    return encode(lowerPortable(graphOf(outputs), { name: 'plain' }));
  }

  release(): Promise<void> {
    return this.program.release();
  }
}

const tensorsOf = ({ parameters, statistics }: TrainableModel) => ({ ...parameters, ...statistics });

function requireParameters(model: TrainableModel, values: ParameterValues) {
  const tensors = tensorsOf(model);
  for (const [name, data] of Object.entries(values)) {
    const known = Object.keys(tensors);
    if (!known.includes(name))
      throw new InputError(`initial ${quoted(name)}`, `the model has no such parameter${didYouMean(name, known)}`);
    const { shape } = tensors[name]!;
    if (data.length !== sizeOf(shape))
      throw new InputError(`initial ${quoted(name)}`, `expected ${showShape(shape)} but got ${data.length} elements`);
  }
}

/** Returns the parameters of these names on which the loss depends. */
function selectTrainable({ parameters }: TrainableModel, { trainable = ['*'], loss }: ModelTrainingOptions) {
  const names = Object.keys(parameters);
  const matches = trainable.map((pattern) => {
    const expression = new RegExp(`^${pattern.split('*').map(escapeExpression).join('.*')}$`, 's');
    const found = names.filter((name) => expression.test(name));
    if (found.length === 0) throw new InputError(`trainable ${quoted(pattern)}`, 'matches no parameter', choice(names));
    return found;
  });
  const reached = new Set(topologicalOrder([loss]));
  const selected = [...new Set(matches.flat())].filter((name) => reached.has(parameters[name]!));
  if (selected.length === 0)
    throw new InputError('loss', 'depends on no trainable parameter', 'build it from the outputs of this model');
  return Object.fromEntries(selected.map((name) => [name, parameters[name]!]));
}

const escapeExpression = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const MAX_SHOWN = 8;

const choice = (names: readonly string[]) =>
  `choose from ${names
    .slice(0, MAX_SHOWN)
    .map((name) => quoted(name))
    .join(', ')}${names.length > MAX_SHOWN ? ', ...' : ''}`;

function initialOf(name: string, value: ConstantValue | InputValue, initial: ParameterValues) {
  const data = initial[name] ?? (value.kind === 'constant' ? (value.data as Float32Array) : undefined);
  if (data === undefined) throw new InputError(`parameter ${quoted(name)}`, 'is an input', 'set its initial value');
  return data;
}

const constantsOf = (model: TrainableModel, values: ParameterValues): Record<string, Value> =>
  mapValues(values, (data, name) =>
    constantTensor({ type: 'float32', shape: tensorsOf(model)[name]!.shape, data }, name),
  );

/** Returns values that depend on others in place of parameters and statistics of these names. */
function replaceParameters(
  model: TrainableModel,
  values: Readonly<Record<string, Value>>,
  replacements: Readonly<Record<string, Value>>,
) {
  const tensors = tensorsOf(model);
  const leaves = Object.entries(replacements).map(([name, replacement]) => [tensors[name]!, replacement] as const);
  return replaceLeaves(values, new Map<Value, Value>(leaves));
}

/** Keeps a norm of 0 from dividing by it, as in PyTorch. */
const NORM_EPSILON = 1e-6;

function limitNorm(gradient: Value, limit: number) {
  const norm = sqrt(sumOf(square(gradient)));
  return mul(gradient, clip(div(limit, add(norm, NORM_EPSILON)), 0, 1));
}

interface Step {
  graph: Graph;
  /** Statistics that are state, before the first step. */
  statistics: Record<string, Float32Array>;
}

function buildStep(
  model: TrainableModel,
  layout: FlatLayout,
  optimizer: Optimizer,
  { loss, metrics = {}, initial = {}, clipNorm, mode = 'eval', seed = 0 }: ModelTrainingOptions,
): Step {
  const vector = (name: string) => input(STATE + name, [layout.size]);
  const parameters = vector('parameters');
  const parts = unpack(parameters, layout);
  const inference = replaceParameters(model, { ...metrics, loss }, { ...constantsOf(model, initial), ...parts });
  const isTraining = mode === 'train';
  const { values: results, nextStatistics }: TrainingMode = isTraining
    ? inTrainingMode(inference, seed)
    : { values: inference, nextStatistics: new Map() };
  const names = [...layout.entries.keys()];
  const found = gradients(
    results.loss!,
    names.map((name) => parts[name]!),
  );
  const gradient = pack(Object.fromEntries(names.map((name, index) => [name, found[index]!])), layout);
  const states = Object.fromEntries(optimizer.states.map((name) => [name, vector(name)]));
  const scalars = mapValues(optimizer.scalars(1, 1), (_, name) => input(STATE + name, []));
  const next = optimizer.update(parameters, clipNorm === undefined ? gradient : limitNorm(gradient, clipNorm), {
    states,
    scalars,
  });
  const nextStates = Object.entries({ parameters: next.parameters, ...next.states });
  const running = runningStatistics(model, nextStatistics);
  const graph = graphOf({
    ...results,
    ...Object.fromEntries(nextStates.map(([name, value]) => [nextName(STATE + name), value])),
    ...running.outputs,
  });
  return { graph, statistics: running.initial };
}

/** Makes state of the statistics that a batch changes. */
function runningStatistics({ statistics = {} }: TrainableModel, next: TrainingMode['nextStatistics']) {
  const leaves = [...next.keys()].filter(
    (leaf): leaf is ConstantValue & { name: string } =>
      leaf.kind === 'constant' && leaf.name !== undefined && Object.hasOwn(statistics, leaf.name),
  );
  const states = new Map<Value, InputValue>(leaves.map((leaf) => [leaf, input(STATISTICS + leaf.name, leaf.shape)]));
  const changed = Object.fromEntries(leaves.map((leaf) => [nextName(STATISTICS + leaf.name), next.get(leaf)!]));
  return {
    outputs: replaceLeaves(changed, states),
    initial: Object.fromEntries(leaves.map(({ name, data }) => [STATISTICS + name, data as Float32Array])),
  };
}
