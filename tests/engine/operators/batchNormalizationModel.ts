/** ONNX's own BatchNormalization in training mode as a model of one node, made by hand to hold ours against. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Shape } from '../../../src/engine/index.js';
import { OPSET } from '../../../src/engine/onnx.js';

/**
 * Inputs x, scale, bias, input_mean, input_var; outputs y, running_mean and running_var. With momentum 0 the running
 * statistics are those of the batch.
 */
export function batchNormalizationModel(shape: Shape, epsilon: number): Uint8Array {
  const vector = [shape[1]!];
  const { FLOAT, INT } = AttributeProto_AttributeType;
  const node = create(NodeProtoSchema, {
    opType: 'BatchNormalization',
    input: ['x', 'scale', 'bias', 'input_mean', 'input_var'],
    output: ['y', 'running_mean', 'running_var'],
    attribute: [
      create(AttributeProtoSchema, { name: 'epsilon', type: FLOAT, f: epsilon }),
      create(AttributeProtoSchema, { name: 'momentum', type: FLOAT, f: 0 }),
      create(AttributeProtoSchema, { name: 'training_mode', type: INT, i: 1n }),
    ],
  });
  const graph = create(GraphProtoSchema, {
    name: 'reference',
    node: [node],
    input: [
      describeFloat('x', shape),
      ...['scale', 'bias', 'input_mean', 'input_var'].map((name) => describeFloat(name, vector)),
    ],
    output: [describeFloat('y', shape), describeFloat('running_mean', vector), describeFloat('running_var', vector)],
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(OPSET) })];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 9n, opsetImport, graph }));
}

const describeFloat = (name: string, shape: Shape) =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, {
          elemType: TensorProto_DataType.FLOAT,
          shape: create(TensorShapeProtoSchema, {
            dim: shape.map((size) =>
              create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
            ),
          }),
        }),
      },
    }),
  });
