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
import { constantTensor, type ConstantValue, type ElementArray, input, type InputValue, type Value } from './value.js';

/** An imported model, or one that was built with the engine. */
export interface TrainableModel {
  /** Constants, with their initial values, or inputs that are optimized like them. */
  parameters: Readonly<Record<string, ConstantValue | InputValue>>;
  outputs: Readonly<Record<string, Value>>;
  /** Encodes the model with other values of parameters (default: encodes the outputs). */
  encode?: (parameters: ParameterValues) => Promise<Uint8Array>;
}

/** Elements of parameters by name. */
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
  /** Names of parameters that change, in which `*` matches any text (default: all). Others stay constant. */
  trainable?: readonly string[];
  /** Limit of the norm of all gradients together (default: none). */
  clipNorm?: number;
  /** Values of parameters to start from (default: values in the model). A trainable input needs one. */
  initial?: ParameterValues;
  /** Further scalars that each step reports. */
  metrics?: Readonly<Record<string, Value>>;
}

/** Scalars of a step, computed before its update. */
export type StepReport = Record<string, number> & { loss: number };

const STATE = 'training/';
const PARAMETERS = `${STATE}parameters`;

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
    const state = { [PARAMETERS]: flattenTensors(parameters, layout), ...Object.fromEntries(zeros) };
    const program = await options.compile(buildStep(model, layout, optimizer, options));
    return new ModelTraining(model, new StatefulProgram(program, state), optimizer, layout, options);
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

  /** Returns the trainable parameters after the last step. */
  async readParameters(): Promise<Record<string, Float32Array>> {
    const { [PARAMETERS]: vector } = await this.program.readState();
    return tensorViews(vector!, this.layout);
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

function requireParameters({ parameters }: TrainableModel, values: ParameterValues) {
  for (const [name, data] of Object.entries(values)) {
    const known = Object.keys(parameters);
    if (!known.includes(name))
      throw new InputError(`initial ${quoted(name)}`, `the model has no such parameter${didYouMean(name, known)}`);
    const { shape } = parameters[name]!;
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

const constantsOf = ({ parameters }: TrainableModel, values: ParameterValues): Record<string, Value> =>
  mapValues(values, (data, name) => constantTensor({ type: 'float32', shape: parameters[name]!.shape, data }, name));

/** Returns values that depend on others in place of parameters of these names. */
function replaceParameters(
  { parameters }: TrainableModel,
  values: Readonly<Record<string, Value>>,
  replacements: Readonly<Record<string, Value>>,
) {
  const leaves = Object.entries(replacements).map(([name, replacement]) => [parameters[name]!, replacement] as const);
  return replaceLeaves(values, new Map<Value, Value>(leaves));
}

/** Keeps a norm of 0 from dividing by it, as in PyTorch. */
const NORM_EPSILON = 1e-6;

function limitNorm(gradient: Value, limit: number) {
  const norm = sqrt(sumOf(square(gradient)));
  return mul(gradient, clip(div(limit, add(norm, NORM_EPSILON)), 0, 1));
}

function buildStep(
  model: TrainableModel,
  layout: FlatLayout,
  optimizer: Optimizer,
  { loss, metrics = {}, initial = {}, clipNorm }: ModelTrainingOptions,
): Graph {
  const vector = (name: string) => input(STATE + name, [layout.size]);
  const parameters = vector('parameters');
  const parts = unpack(parameters, layout);
  const results = replaceParameters(model, { ...metrics, loss }, { ...constantsOf(model, initial), ...parts });
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
  return graphOf({
    ...results,
    ...Object.fromEntries(nextStates.map(([name, value]) => [nextName(STATE + name), value])),
  });
}
