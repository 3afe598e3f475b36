import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { type Graph, topologicalOrder } from './graph.js';
import { type Attribute, type ComputedValue, type ConstantValue, ELEMENT_CODES, type TensorType, type Value } from './value.js';

/** The ONNX operator set that files declare: the newest with which every runtime (native, WebGPU, WebAssembly) was tried. */
export const OPSET = 18;
const IR_VERSION = 9;

/** The graph as the bytes of an ONNX model. Inputs and outputs keep their names; inner values are named by operator and number. */
export function encodeModel(graph: Graph): Uint8Array {
  const names = new Naming(graph);
  const nodes: NodeProto[] = [];
  for (const value of topologicalOrder(Object.values(graph.outputs))) {
    if (value.kind === 'computed') nodes.push(nodeOf(value, names));
  }
  // An output that is an input, a constant, or another output's value still needs a node of its own name.
  for (const [name, value] of Object.entries(graph.outputs)) {
    if (names.of(value) !== name) nodes.push(create(NodeProtoSchema, { opType: 'Identity', name: `output ${name}`, input: [names.of(value)], output: [name] }));
  }
  const domains = new Set(nodes.map((node) => node.domain).filter((domain) => domain !== ''));
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'agenet',
    opsetImport: [{ domain: '', version: OPSET }, ...[...domains].map((domain) => ({ domain, version: 1 }))].map(({ domain, version }) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    ),
    graph: create(GraphProtoSchema, {
      name: 'agenet',
      node: nodes,
      initializer: names.initializers,
      input: graph.inputs.map((value) => describe(value.name, value)),
      output: Object.entries(graph.outputs).map(([name, value]) => describe(name, value)),
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

/** Gives every value its name in the file and collects constants as initializers. */
class Naming {
  readonly initializers: TensorProto[] = [];
  private readonly names = new Map<Value, string>();
  private readonly counts = new Map<string, number>();

  constructor(graph: Graph) {
    for (const value of graph.inputs) this.names.set(value, value.name);
    for (const [name, value] of Object.entries(graph.outputs)) {
      if (value.kind === 'computed' && !this.names.has(value)) this.names.set(value, name);
    }
  }

  of(value: Value): string {
    const known = this.names.get(value);
    if (known !== undefined) return known;
    const name = this.fresh(value.kind === 'computed' ? value.operator.name : value.kind);
    this.names.set(value, name);
    if (value.kind === 'constant') this.initializers.push(tensorOf(name, value));
    return name;
  }

  // A space keeps invented names apart from those of inputs and outputs, which are identifiers or paths.
  private fresh(prefix: string): string {
    const number = (this.counts.get(prefix) ?? 0) + 1;
    this.counts.set(prefix, number);
    return `${prefix} ${number}`;
  }
}

function nodeOf(value: ComputedValue, names: Naming): NodeProto {
  const { operator, attributes } = value;
  const parameters = operator.parameters?.(attributes);
  const encoded = new Set(parameters?.encoded);
  return create(NodeProtoSchema, {
    opType: operator.name,
    domain: operator.domain ?? '',
    name: names.of(value),
    input: [...value.inputs, ...(parameters?.constants ?? [])].map((operand) => names.of(operand)),
    output: [names.of(value)],
    attribute: Object.entries(attributes)
      .filter(([name]) => !encoded.has(name))
      .map(([name, attribute]) => attributeOf(name, attribute, operator.floatAttributes?.includes(name) ?? false)),
  });
}

function attributeOf(name: string, attribute: Attribute, isFloat: boolean) {
  const { FLOAT, FLOATS, INT, INTS, STRING } = AttributeProto_AttributeType;
  if (typeof attribute === 'string') return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(attribute) });
  if (typeof attribute === 'number') {
    return create(AttributeProtoSchema, isFloat ? { name, type: FLOAT, f: attribute } : { name, type: INT, i: BigInt(attribute) });
  }
  return create(AttributeProtoSchema, isFloat ? { name, type: FLOATS, floats: [...attribute] } : { name, type: INTS, ints: attribute.map(BigInt) });
}

const tensorOf = (name: string, { type, shape, data }: ConstantValue): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dataType: ELEMENT_CODES[type],
    dims: shape.map(BigInt),
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });

const describe = (name: string, { type, shape }: TensorType) =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, {
          elemType: ELEMENT_CODES[type],
          shape: create(TensorShapeProtoSchema, {
            dim: shape.map((size) => create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } })),
          }),
        }),
      },
    }),
  });
