import type { ModelProto } from 'onnx-buf';
import { InputError, messageOf } from '../../errors.js';

/** @throws {InputError} if the bytes are no ONNX model */
export async function parseModel(bytes: Uint8Array, name: string): Promise<ModelProto> {
  // The schema takes long to load.
  const { fromBinary, ModelProtoSchema } = await import('./modelSchema.js');
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    if (model.graph === undefined) throw new Error('it has no graph');
    return model;
  } catch (error) {
    throw new InputError(name, `not an ONNX model (${messageOf(error).split('\n')[0]!})`);
  }
}
