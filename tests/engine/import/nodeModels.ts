/** ONNX models of single nodes, made by hand. */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from 'onnx-buf';
import type { TensorData } from '../../../src/engine/index.js';
import { ELEMENT_CODES } from '../../../src/engine/value.js';

export type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
export type GraphInit = MessageInitShape<typeof GraphProtoSchema>;

/** Integers, or `{ f }`, `{ floats }`, strings and tensors. */
export type AttributeInit =
  number | string | readonly number[] | { f: number } | { floats: number[] } | { t: TensorInit };

export function attributeOf(name: string, value: AttributeInit): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === 'number') return { name, type: 2, i: BigInt(value) };
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { name, type: 7, ints: (value as number[]).map(BigInt) };
  if ('f' in value) return { name, type: 1, f: value.f };
  return 'floats' in value ? { name, type: 6, ...value } : { name, type: 4, ...(value as { t: TensorInit }) };
}

export const tensorProto = (name: string, { type, shape, data }: TensorData): TensorInit => ({
  name,
  dataType: ELEMENT_CODES[type],
  dims: shape.map(BigInt),
  rawData: new Uint8Array(Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))),
});

export const infoOf = (
  name: string,
  elemType: number,
  shape?: readonly (number | string)[],
): MessageInitShape<typeof ValueInfoProtoSchema> => ({
  name,
  type: {
    value: {
      case: 'tensorType',
      value: {
        elemType,
        ...(shape && {
          shape: {
            dim: shape.map((size) => ({
              value:
                typeof size === 'number'
                  ? { case: 'dimValue' as const, value: BigInt(size) }
                  : { case: 'dimParam' as const, value: size },
            })),
          },
        }),
      },
    },
  },
});

export const modelOf = (graph: GraphInit, opset = 18): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ domain: '', version: BigInt(opset) }], graph }),
  );

export interface NodeCase {
  opType: string;
  /** `null` is an omitted input. */
  inputs: readonly (TensorData | null)[];
  attributes?: Record<string, AttributeInit>;
  opset?: number;
  outputs?: number;
}

/** @param isConstant which inputs are results of Constant nodes; the others are inputs of the graph */
export function nodeModel(
  { opType, inputs, attributes = {}, opset = 18, outputs = 1 }: NodeCase,
  isConstant: (input: TensorData) => boolean,
): Uint8Array {
  const names = inputs.map((input, index) => (input ? `input${index}` : ''));
  const given = inputs.flatMap((input, index) => (input ? [[names[index]!, input] as const] : []));
  const results = Array.from({ length: outputs }, (_, index) => `y${index}`);
  return modelOf(
    {
      name: 'node',
      node: [
        ...given
          .filter(([, input]) => isConstant(input))
          .map(([name, input]) => ({
            opType: 'Constant',
            output: [name],
            attribute: [attributeOf('value', { t: tensorProto('', input) })],
          })),
        {
          opType,
          name: 'node',
          input: names,
          output: results,
          attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
        },
      ],
      input: given
        .filter(([, input]) => !isConstant(input))
        .map(([name, { type, shape }]) => infoOf(name, ELEMENT_CODES[type], shape)),
      // The runtime infers types of outputs.
      output: results.map((name) => ({ name })),
    },
    opset,
  );
}
