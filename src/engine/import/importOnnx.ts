import type { GraphProto, ModelProto, TensorProto, TensorShapeProto_Dimension, ValueInfoProto } from 'onnx-buf';
import { didYouMean, InputError, quoted } from '../../errors.js';
import { mapValues } from '../graph.js';
import { type Shape, ShapeError, sizeOf } from '../shape.js';
import { constantTensor, type ConstantValue, input, type InputValue, type Value } from '../value.js';
import { type GraphContext, importNodes, Scope } from './importGraph.js';
import { importedKnown, importedValue } from './importedNode.js';
import {
  Budget,
  engineTypeOf,
  fill,
  isFloat,
  type Known,
  type NumberType,
  numberTypeOf,
  requireShape,
  typeName,
} from './known.js';
import { NEWEST_OPSET, OLDEST_OPSET } from './opsets.js';
import { parseModel } from './parseModel.js';
import { nodesFor, tensorNamed } from './selectNodes.js';
import { type ExternalData, readKnown, readWeights, shapeOf } from './tensors.js';
import { writeParameters } from './writeParameters.js';

export interface ImportOptions {
  /** The model's name in messages (default: model). */
  name?: string;
  /** Sizes of symbolic dimensions by name, such as `{ batch: 32 }`. Unnamed ones are called `INPUT.AXIS`. */
  dimensions?: Readonly<Record<string, number>>;
  /** Bytes of external data by location; `importOnnxFile` of `agenet/native` reads them. */
  externalData?: ExternalData;
  /** Whether to compute float16, bfloat16 and float64 in float32 (default: false, they are refused). */
  convertFloats?: boolean;
  /** Names of tensors or nodes that replace the outputs of the file. Nodes on which they do not depend are left out. */
  outputs?: readonly string[];
}

/** An ONNX model as symbolic values, by the names in its file. */
export class ImportedModel {
  constructor(
    readonly inputs: Record<string, InputValue>,
    /** Floating-point initializers. The constants have the same names. */
    readonly parameters: Record<string, ConstantValue>,
    /** Running statistics of batch normalization: initializers that no optimizer should change. */
    readonly statistics: Record<string, ConstantValue>,
    readonly outputs: Record<string, Value>,
    private readonly write: (parameters: Readonly<Record<string, Float32Array>>) => Promise<Uint8Array>,
  ) {}

  /**
   * Encodes the file with other values of parameters. All else is as it was, such as symbolic dimensions and types.
   * @throws {InputError} if a parameter is unknown or has a different number of elements
   */
  encode(parameters: Readonly<Record<string, Float32Array>>): Promise<Uint8Array> {
    return this.write(parameters);
  }
}

/**
 * Imports an ONNX model of operator sets 7 to 22: a graph to differentiate, to train, to lower and to encode.
 * @throws {InputError} if the file is no such model, needs an option, or has an operator that is not supported
 */
export async function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): Promise<ImportedModel> {
  const { name = 'model', externalData = {} } = options;
  const model = await parseModel(bytes, name);
  const graph = model.graph!;
  const tensors = new TensorImport(options, name);
  const scope = new Scope();
  const context: GraphContext = {
    name,
    opset: opsetOf(model, name),
    budget: tensors.budget,
    externalData,
    addInitializers: (inner, innerScope) => tensors.addInitializers(inner, innerScope),
  };
  tensors.addInitializers(graph, scope);
  const inputs = graph.input.filter((info) => !scope.has(info.name)).map((info) => tensors.addInput(info, scope));
  tensors.requireKnownDimensions();
  const tensorOf = Object.fromEntries(
    options.outputs?.map((each) => [each, tensorNamed(graph, each, name)]) ??
      graph.output.map((each) => [each.name, each.name]),
  );
  importNodes(options.outputs ? nodesFor(graph, Object.values(tensorOf)) : graph.node, scope, context);
  const outputs = mapValues(tensorOf, (tensor) => outputOf(tensor, scope, name));
  const isStatistic = statisticsOf(graph);
  const [parameters, statistics] = [false, true].map((expected) =>
    Object.fromEntries([...tensors.weights].filter(([each]) => isStatistic(each) === expected)),
  );
  return new ImportedModel(
    Object.fromEntries(inputs.map((value) => [value.name, value])),
    parameters!,
    statistics!,
    outputs,
    (values) => writeParameters(bytes, values, { name, externalData }),
  );
}

/** A model's input or output. An open size is the name that `dimensions` of `importOnnx` takes. */
export interface TensorInfo {
  name: string;
  type: string;
  shape: readonly (number | string)[];
}

/**
 * Returns the inputs and outputs of an ONNX model.
 * @throws {InputError} if the bytes are no ONNX model
 */
export async function onnxSignature(bytes: Uint8Array, name = 'model') {
  const { input, output, initializer } = (await parseModel(bytes, name)).graph!;
  const initialized = new Set(initializer.map((each) => each.name));
  return { inputs: input.filter((info) => !initialized.has(info.name)).map(infoOf), outputs: output.map(infoOf) };
}

function infoOf({ name, type: declared }: ValueInfoProto): TensorInfo {
  const type = declared?.value.case === 'tensorType' ? declared.value.value : undefined;
  const shape = type?.shape?.dim.map((each, axis) => sizeOrName(each, `${name}.${axis}`)) ?? [];
  return { name, type: type ? typeName(type.elemType) : 'no tensor', shape };
}

/** Sizes of the open dimensions of an input by name. */
export const dimensionsFor = (input: TensorInfo, shape: Shape): Record<string, number> =>
  Object.fromEntries(
    input.shape.flatMap((dimension, axis) => (typeof dimension === 'string' ? [[dimension, shape[axis]!]] : [])),
  );

function sizeOrName({ value }: TensorShapeProto_Dimension, unnamed: string) {
  if (value.case === 'dimValue' && value.value > 0n) return Number(value.value);
  return value.case === 'dimParam' && value.value !== '' ? value.value : unnamed;
}

function opsetOf({ opsetImport }: ModelProto, name: string) {
  const found = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  const opset = Number(found?.version ?? 0);
  if (opset >= OLDEST_OPSET && opset <= NEWEST_OPSET) return opset;
  const remedy = 'export it with operator set 17';
  throw new InputError(name, `expected operator set ${OLDEST_OPSET} to ${NEWEST_OPSET} but got ${opset}`, remedy);
}

/** Reports an error about a tensor or output of the file. */
function within<T>(file: string, subject: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof ShapeError ? new InputError(file, `${subject}: ${error.message}`) : error;
  }
}

const outputOf = (output: string, scope: Scope, name: string) =>
  within(name, 'the graph', () => scope.get(output).value());

/** Larger initializers are no factors of shape arithmetic. */
const MAX_FACTORS = 64;

class TensorImport {
  readonly weights = new Map<string, ConstantValue>();
  readonly budget = new Budget();
  private readonly dimensions = new Set<string>();

  constructor(
    private readonly options: ImportOptions,
    private readonly file: string,
  ) {}

  addInitializers({ initializer, sparseInitializer }: GraphProto, scope: Scope) {
    if (sparseInitializer.length > 0) throw new InputError(this.file, 'has sparse initializers', 'export dense ones');
    for (const tensor of initializer)
      within(this.file, `initializer ${quoted(tensor.name)}`, () => this.addInitializer(tensor, scope));
  }

  private addInitializer(tensor: TensorProto, scope: Scope) {
    const { externalData = {} } = this.options;
    const type = this.supportedType(tensor.dataType);
    if (!isFloat(type)) return scope.add(tensor.name, importedKnown(readKnown(tensor, externalData, this.budget)));
    const [shape, data] = [shapeOf(tensor), readWeights(tensor, externalData)];
    const value = constantTensor({ type: 'float32', shape, data }, tensor.name);
    if (this.weights.has(tensor.name)) throw new ShapeError('exists in two graphs of the file');
    scope.add(
      tensor.name,
      importedValue(value, () => this.factorsOf(value)),
    );
    this.weights.set(tensor.name, value);
  }

  private factorsOf({ shape, data }: ConstantValue): Known | undefined {
    if (data.length > MAX_FACTORS) return undefined;
    return fill(this.budget.allocate('float32', shape), (index) => Number(data[index]));
  }

  private supportedType(code: number): NumberType {
    const type = numberTypeOf(code);
    if (type !== 'float32' && isFloat(type) && this.options.convertFloats !== true)
      throw new ShapeError(`has type ${type}; set convertFloats to true to compute in float32`);
    return type;
  }

  addInput(info: ValueInfoProto, scope: Scope): InputValue {
    return within(this.file, `input ${quoted(info.name)}`, () => {
      if (info.type?.value.case !== 'tensorType' || info.type.value.value.shape === undefined)
        throw new ShapeError('is not a tensor with a known number of axes');
      const { elemType, shape } = info.type.value.value;
      const sizes = shape.dim.map((dimension, axis) => this.sizeOf(dimension, `${info.name}.${axis}`));
      const value = input(info.name, requireNotEmpty(sizes), engineTypeOf(this.supportedType(elemType)));
      scope.add(info.name, importedValue(value));
      return value;
    });
  }

  private sizeOf(declared: TensorShapeProto_Dimension, unnamed: string) {
    const dimension = sizeOrName(declared, unnamed);
    if (typeof dimension === 'number') return dimension;
    this.dimensions.add(dimension);
    const { dimensions = {} } = this.options;
    const size = Object.hasOwn(dimensions, dimension) ? dimensions[dimension] : undefined;
    if (size === undefined)
      throw new ShapeError(
        `has the symbolic dimension ${quoted(dimension)}; set its size, such as dimensions: { ${JSON.stringify(dimension)}: 1 }`,
      );
    return size;
  }

  requireKnownDimensions() {
    const known = [...this.dimensions];
    for (const dimension of Object.keys(this.options.dimensions ?? {}))
      if (!this.dimensions.has(dimension))
        throw new InputError(
          this.file,
          `no symbolic dimension is named ${quoted(dimension)}${didYouMean(dimension, known)}`,
          known.length > 0 ? `choose from ${known.map((each) => quoted(each)).join(', ')}` : 'all dimensions are fixed',
        );
  }
}

function requireNotEmpty(shape: Shape) {
  if (sizeOf(requireShape(shape)) === 0) throw new ShapeError('has no elements');
  return shape;
}

/** Means and variances of batch normalization. */
function statisticsOf({ node }: GraphProto) {
  const names = new Set(
    node.filter(({ opType }) => opType === 'BatchNormalization').flatMap(({ input: inputs }) => inputs.slice(3)),
  );
  return (name: string) => names.has(name);
}
