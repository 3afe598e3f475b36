import type { NodeProto, TensorProto } from 'onnx-buf';
import { didYouMean, InputError, quoted } from '../../errors.js';
import { sizeOf } from '../shape.js';
import { numberTypeOf } from './known.js';
import { parseModel } from './parseModel.js';
import { encodeWeights, type ExternalData, externalBytes, isExternal, shapeOf } from './tensors.js';

export interface ModelSource {
  name: string;
  externalData: ExternalData;
}

/** Returns the file with other values of parameters, in inference mode and with its external data inside. */
export async function writeParameters(
  bytes: Uint8Array,
  parameters: Readonly<Record<string, Float32Array>>,
  { name, externalData }: ModelSource,
): Promise<Uint8Array> {
  const { toBinary, ModelProtoSchema } = await import('./modelSchema.js');
  const model = await parseModel(bytes, name);
  const { initializer } = model.graph!;
  const names = initializer.map((tensor) => tensor.name);
  const unknown = Object.keys(parameters).find((each) => !names.includes(each));
  if (unknown !== undefined)
    throw new InputError(name, `no parameter is named ${quoted(unknown)}${didYouMean(unknown, names)}`);
  const written = initializer.map((tensor): TensorProto => {
    const weights = Object.hasOwn(parameters, tensor.name) ? parameters[tensor.name] : undefined;
    if (weights !== undefined) return withData(tensor, encodedFor(tensor, weights, name));
    return isExternal(tensor) ? withData(tensor, Uint8Array.from(externalBytes(tensor, externalData))) : tensor;
  });
  const graph = { ...model.graph!, node: model.graph!.node.map(inInference), initializer: written };
  return toBinary(ModelProtoSchema, { ...model, graph });
}

/** An export in training mode returns the statistics of batches, and feeds the mode of dropout. */
function inInference(node: NodeProto): NodeProto {
  if (node.opType === 'Dropout') return { ...node, input: node.input.slice(0, 2) };
  if (node.opType !== 'BatchNormalization') return node;
  const attribute = node.attribute.filter(({ name }) => name !== 'training_mode');
  return { ...node, attribute, output: node.output.slice(0, 1) };
}

function encodedFor(tensor: TensorProto, weights: Float32Array, name: string) {
  const size = sizeOf(shapeOf(tensor));
  if (weights.length === size) return encodeWeights(numberTypeOf(tensor.dataType), weights);
  throw new InputError(name, `parameter ${quoted(tensor.name)}: expected ${size} elements but got ${weights.length}`);
}

const withData = (tensor: TensorProto, rawData: Uint8Array<ArrayBuffer>): TensorProto => ({
  ...tensor,
  rawData,
  floatData: [],
  int32Data: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
  dataLocation: 0,
});
