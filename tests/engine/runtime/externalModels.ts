/** ONNX models with tensors in other files, made by hand. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';

const { FLOAT } = TensorProto_DataType;
const { TENSOR, TENSORS, GRAPH, GRAPHS, SPARSE_TENSOR } = AttributeProto_AttributeType;

/** Four floats in another file. */
const externalTensor = (location: string): TensorProto =>
  create(TensorProtoSchema, {
    name: 'w',
    dataType: FLOAT,
    dims: [4n],
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries({ location, offset: '0', length: '16' }).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });

const vector = (name: string) =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, {
          elemType: FLOAT,
          shape: create(TensorShapeProtoSchema, {
            dim: [create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: 4n } })],
          }),
        }),
      },
    }),
  });

const subgraph = (tensor: TensorProto) => create(GraphProtoSchema, { name: 'inner', initializer: [tensor] });

type Parts = Partial<
  Pick<Parameters<typeof create<typeof GraphProtoSchema>>[1] & object, 'initializer' | 'sparseInitializer'>
>;
const modelOf = (
  parts: Parts,
  attribute: Parameters<typeof create<typeof AttributeProtoSchema>>[1][] = [],
  functions: TensorProto[] = [],
): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 9n,
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 18n })],
      functions: functions.map((t) =>
        create(FunctionProtoSchema, {
          name: 'f',
          node: [create(NodeProtoSchema, { attribute: [{ name: 't', type: TENSOR, t }] })],
        }),
      ),
      graph: create(GraphProtoSchema, {
        name: 'external',
        node: [
          create(NodeProtoSchema, {
            opType: 'Add',
            input: ['x', 'w'],
            output: ['y'],
            attribute: attribute.map((each) => create(AttributeProtoSchema, each)),
          }),
        ],
        input: [vector('x')],
        output: [vector('y')],
        ...parts,
      }),
    }),
  );

/** y = x + w, with w in another file. */
export const externalModel = (location: string): Uint8Array => modelOf({ initializer: [externalTensor(location)] });

/** Models that refer to a file elsewhere than in their initializers. None of them needs to run. */
export const NESTED: Record<string, (location: string) => Uint8Array> = {
  'an attribute': (location) => modelOf({}, [{ name: 'a', type: TENSOR, t: externalTensor(location) }]),
  'a list in an attribute': (location) =>
    modelOf({}, [{ name: 'a', type: TENSORS, tensors: [externalTensor(location)] }]),
  'a subgraph': (location) => modelOf({}, [{ name: 'a', type: GRAPH, g: subgraph(externalTensor(location)) }]),
  'a list of subgraphs': (location) =>
    modelOf({}, [{ name: 'a', type: GRAPHS, graphs: [subgraph(externalTensor(location))] }]),
  'a sparse attribute': (location) =>
    modelOf({}, [
      {
        name: 'a',
        type: SPARSE_TENSOR,
        sparseTensor: create(SparseTensorProtoSchema, { values: externalTensor(location) }),
      },
    ]),
  'a sparse initializer': (location) =>
    modelOf({ sparseInitializer: [create(SparseTensorProtoSchema, { indices: externalTensor(location) })] }),
  'a function': (location) => modelOf({}, [], [externalTensor(location)]),
};

/** A model whose only tensor claims more elements than there is memory for. */
export const hugeModel = (): Uint8Array =>
  modelOf({
    initializer: [
      create(TensorProtoSchema, {
        name: 'w',
        dataType: FLOAT,
        dims: [2n ** 40n, 2n ** 20n],
        rawData: new Uint8Array(16),
      }),
    ],
  });
