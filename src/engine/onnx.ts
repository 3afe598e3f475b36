import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AttributeProtoSchema, NodeProtoSchema, TensorProtoSchema, ValueInfoProtoSchema } from 'onnx-buf';
import { type BatchAxes, getOrCreate, type Graph, valuesOf } from './graph.js';
import { constantKey } from './simplify.js';
import {
  type AttributeValue,
  type ComputedValue,
  type ConstantValue,
  ELEMENT_CODES,
  type TensorType,
  type Value,
} from './value.js';

type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>;
type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
type ValueInfoInit = MessageInitShape<typeof ValueInfoProtoSchema>;

/** The newest that was tested with every runtime (native, WebGPU, WebAssembly). */
export const OPSET = 18;
const IR_VERSION = 9;

/** AttributeProto.AttributeType. */
const [FLOAT, INT, STRING, FLOATS, INTS] = [1, 2, 3, 6, 7];

export interface EncodeOptions {
  /** Axes of a batch of any size; see `forAnyBatch`. */
  batchAxes?: BatchAxes;
  metadata?: Record<string, string>;
}

/** Encodes an ONNX model. Inputs, outputs and named constants keep their names. */
export async function encode(graph: Graph, { batchAxes = {}, metadata = {} }: EncodeOptions = {}): Promise<Uint8Array> {
  const names = new Naming(graph);
  const nodes: NodeInit[] = [];
  const domains = new Set(['']);
  for (const value of valuesOf(graph)) {
    if (value.kind !== 'computed') continue;
    nodes.push(nodeOf(value, names));
    domains.add(value.operator.domain ?? '');
  }
  // An output that is an input, a constant, or another output still needs a node of its name.
  for (const [name, value] of Object.entries(graph.outputs)) {
    if (names.of(value) !== name)
      nodes.push({ opType: 'Identity', name: `output ${name}`, input: [names.of(value)], output: [name] });
  }
  // The schema takes long to load.
  const { create, ModelProtoSchema, toBinary } = await import('./onnxSchema.js');
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'agenet',
    opsetImport: [...domains].map((domain) => ({ domain, version: domain === '' ? BigInt(OPSET) : 1n })),
    graph: {
      name: 'agenet',
      node: nodes,
      initializer: names.initializers,
      input: graph.inputs.map((value) => describe(value.name, value, batchAxes)),
      output: Object.entries(graph.outputs).map(([name, value]) => describe(name, value, batchAxes)),
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  return toBinary(ModelProtoSchema, model);
}

class Naming {
  readonly initializers: TensorInit[] = [];
  private readonly constants = new Map<string, string>();
  private readonly names = new Map<Value, string>();
  private readonly counts = new Map<string, number>();

  constructor(graph: Graph) {
    for (const value of graph.inputs) this.names.set(value, value.name);
    for (const [name, value] of Object.entries(graph.outputs))
      if (value.kind === 'computed' && !this.names.has(value)) this.names.set(value, name);
  }

  of(value: Value): string {
    return getOrCreate(this.names, value, () => {
      if (value.kind === 'constant') return this.ofConstant(value);
      return this.fresh(value.kind === 'computed' ? value.operator.name : value.kind);
    });
  }

  private ofConstant(value: ConstantValue) {
    const key = constantKey(value);
    const known = key === undefined ? undefined : this.constants.get(key);
    if (known !== undefined) return known;
    const name = value.name ?? this.fresh(value.kind);
    if (key !== undefined) this.constants.set(key, name);
    this.initializers.push(tensorOf(name, value));
    return name;
  }

  // The space distinguishes generated names.
  private fresh(prefix: string) {
    const number = (this.counts.get(prefix) ?? 0) + 1;
    this.counts.set(prefix, number);
    return `${prefix} ${number}`;
  }
}

function nodeOf(value: ComputedValue, names: Naming): NodeInit {
  const { operator, attributes } = value;
  const parameters = operator.parameters?.(attributes) ?? {};
  const constants = Object.values(parameters).filter((parameter) => parameter !== null);
  return {
    opType: operator.name,
    domain: operator.domain ?? '',
    name: names.of(value),
    input: [...value.inputs, ...constants].map((operand) => names.of(operand)),
    output: [names.of(value)],
    attribute: Object.entries(attributes)
      .filter(([name]) => !(name in parameters))
      .map(([name, attribute]) => attributeOf(name, attribute, operator.floatAttributes?.includes(name) ?? false)),
  };
}

function attributeOf(name: string, attribute: AttributeValue, isFloat: boolean): AttributeInit {
  if (typeof attribute === 'string') return { name, type: STRING, s: new TextEncoder().encode(attribute) };
  if (typeof attribute === 'number')
    return isFloat ? { name, type: FLOAT, f: attribute } : { name, type: INT, i: BigInt(attribute) };
  return isFloat ? { name, type: FLOATS, floats: [...attribute] } : { name, type: INTS, ints: attribute.map(BigInt) };
}

const tensorOf = (name: string, { type, shape, data }: ConstantValue): TensorInit => ({
  name,
  dataType: ELEMENT_CODES[type],
  dims: shape.map(BigInt),
  rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
});

function describe(name: string, { type, shape }: TensorType, batchAxes: BatchAxes): ValueInfoInit {
  const dim = shape.map((size, axis) => ({
    value:
      axis === batchAxes[name]
        ? ({ case: 'dimParam', value: 'N' } as const)
        : ({ case: 'dimValue', value: BigInt(size) } as const),
  }));
  return { name, type: { value: { case: 'tensorType', value: { elemType: ELEMENT_CODES[type], shape: { dim } } } } };
}
