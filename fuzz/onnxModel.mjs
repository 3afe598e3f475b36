import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';

const FLOAT = 1;

const dimension = (size) =>
  create(TensorShapeProto_DimensionSchema, {
    value: typeof size === 'string' ? { case: 'dimParam', value: size } : { case: 'dimValue', value: BigInt(size) },
  });

const tensor = (name, shape) =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, {
          elemType: FLOAT,
          shape: create(TensorShapeProtoSchema, { dim: shape.map(dimension) }),
        }),
      },
    }),
  });

const integers = (name, values) =>
  create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: values.map(BigInt) });

const node = (opType, input, output, attribute = []) =>
  create(NodeProtoSchema, { opType, name: output, input: [input], output: [output], attribute });

/**
 * An ONNX image model: the means of an image's quarters as features `pool` [N, 4], and their softmax as
 * `probabilities`.
 */
export const imageModel = () =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 9n,
      producerName: 'fuzz',
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 18n })],
      graph: create(GraphProtoSchema, {
        name: 'quarters',
        node: [
          node('AveragePool', 'images', 'means', [integers('kernel_shape', [16, 16]), integers('strides', [16, 16])]),
          node('Flatten', 'means', 'pool'),
          node('Softmax', 'pool', 'probabilities'),
        ],
        input: [tensor('images', ['N', 1, 32, 32])],
        output: [tensor('pool', ['N', 4]), tensor('probabilities', ['N', 4])],
      }),
    }),
  );
