import type { GraphProto, NodeProto } from 'onnx-buf';
import { InputError, quoted } from '../../errors.js';
import { ShapeError } from '../shape.js';
import { type Fold, FOLDED_ELEMENTS } from './foldElements.js';
import { FOLDED_METADATA, FOLDED_SHAPES } from './foldShapes.js';
import { type Imported, ImportedNode, importedKnown, importedValue, type NodeContext } from './importedNode.js';
import { IMPORTERS, UNSUPPORTED } from './importers.js';
import { requireShape } from './known.js';
import { inputsOfAttributes } from './opsets.js';

/** The tensors of a graph by name. Those of graphs around it are visible. */
export class Scope {
  private readonly tensors = new Map<string, Imported>();

  constructor(private readonly outer?: Scope) {}

  private search(name: string): Imported | undefined {
    return this.tensors.get(name) ?? this.outer?.search(name);
  }

  get(name: string): Imported {
    const found = this.search(name);
    if (found === undefined) throw new ShapeError(`reads ${quoted(name)}, which no earlier node computes`);
    return found;
  }

  has(name: string) {
    return this.tensors.has(name);
  }

  add(name: string, tensor: Imported) {
    if (this.search(name) !== undefined) throw new ShapeError(`computes ${quoted(name)}, a name that is taken`);
    this.tensors.set(name, tensor);
  }
}

export interface GraphContext extends NodeContext {
  /** The file's name in messages. */
  name: string;
  /** Adds the initializers of a graph to its scope. */
  addInitializers: (graph: GraphProto, scope: Scope) => void;
}

/** Adds the outputs of all nodes to a scope. */
export function importNodes(nodes: readonly NodeProto[], scope: Scope, context: GraphContext) {
  for (const proto of nodes)
    describeErrors(proto, context, () => {
      const outputs = importNode(proto, scope, context);
      proto.output.forEach((name, index) => {
        if (name !== '' && outputs[index] !== undefined) scope.add(name, outputs[index]);
      });
    });
}

/** Names contain the path of a module. */
const MAX_NODE_NAME = 100;

function describeErrors(
  { name, output: [output = ''], opType }: NodeProto,
  { name: file }: GraphContext,
  action: () => void,
) {
  try {
    action();
  } catch (error) {
    const node = `node ${quoted(name || output, MAX_NODE_NAME)} (${quoted(opType).slice(1, -1)})`;
    if (error instanceof UnsupportedError) throw new InputError(file, `${node}: ${error.message}`, error.remedy);
    if (error instanceof ShapeError)
      throw new InputError(
        file,
        `${node}: ${error.message.replace(new RegExp(`^${opType.replace(/\W/g, '')}: `), '')}`,
      );
    if (error instanceof RangeError) throw new InputError(file, `${node}: is too deep or too large to import`);
    throw error;
  }
}

/** A node that is valid, but has no importer. */
class UnsupportedError extends Error {
  constructor(
    problem: string,
    readonly remedy?: string,
  ) {
    super(problem);
  }
}

function importNode(proto: NodeProto, scope: Scope, context: GraphContext): readonly Imported[] {
  if (proto.domain !== '' && proto.domain !== 'ai.onnx') {
    const remedy =
      'export the model without functions and optimizations for a runtime, or set outputs to tensors before it';
    throw new UnsupportedError(`is an operator of the domain ${quoted(proto.domain)}, not of ONNX`, remedy);
  }
  const inputs = proto.input.map((name) => (name === '' ? undefined : scope.get(name)));
  for (const [position, known] of inputsOfAttributes(proto, context.opset, context.budget))
    inputs[position] = importedKnown(known);
  const node = new ImportedNode(proto, Array.from(inputs), context);
  if (node.type === 'If') return importBranch(node, scope, context);
  return evaluateNode(node) ?? buildNode(node);
}

const FOLDS: Record<string, Fold> = { ...FOLDED_ELEMENTS, ...FOLDED_SHAPES };

/** Undefined unless the elements are known and depend on no parameter, or are sizes. */
function evaluateNode(node: ImportedNode) {
  if (Object.hasOwn(FOLDED_METADATA, node.type)) return listOf(FOLDED_METADATA[node.type]!(node)).map(importedKnown);
  if (!Object.hasOwn(FOLDS, node.type) || node.inputs.some((input) => input?.isFolded === false)) return undefined;
  return fold(node).map(importedKnown);
}

const fold = (node: ImportedNode) => listOf(FOLDS[node.type]!(node));

const listOf = <T>(each: T | readonly T[]): readonly T[] =>
  Array.isArray(each) ? (each as readonly T[]) : [each as T];

function buildNode(node: ImportedNode) {
  const { type, inputs } = node;
  if (!Object.hasOwn(IMPORTERS, type)) {
    const [problem, remedy] = Object.hasOwn(UNSUPPORTED, type)
      ? UNSUPPORTED[type]!
      : (['is an operator that agenet does not import'] as const);
    throw new UnsupportedError(problem, remedy);
  }
  const built = listOf(IMPORTERS[type]!(node));
  const isKnown = () => Object.hasOwn(FOLDS, type) && inputs.every((input) => input === undefined || input.known());
  return built.map((value, index) => {
    requireShape(value.shape);
    return importedValue(value, () => (isKnown() ? fold(node)[index] : undefined));
  });
}

/** Imports the branch that a constant condition selects. */
function importBranch(node: ImportedNode, scope: Scope, context: GraphContext): Imported[] {
  const condition = node.imported(0).known();
  if (condition === undefined)
    throw new UnsupportedError('has a condition that depends on inputs', 'export the model with one of its branches');
  const branch = condition.data[0] === 1n ? 'then_branch' : 'else_branch';
  const graph = node.attribute(branch)?.g;
  if (graph === undefined) throw new ShapeError(`lacks its ${branch}`);
  const inner = new Scope(scope);
  context.addInitializers(graph, inner);
  importNodes(graph.node, inner, context);
  return graph.output.map(({ name }) => inner.get(name));
}
