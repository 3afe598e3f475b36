/** Models of common architectures with random weights, and what PyTorch computes in float64 (make_onnx_models.py). */
import { readFileSync } from 'node:fs';
import { decodeSafetensors, importOnnx, type ImportedModel, type TensorFile } from '../../../src/engine/index.js';

export const MODELS = [
  'vgg',
  'resnet',
  'resnetBottleneck',
  'mobilenetV2',
  'exportedInTraining',
  'mobilenetV3',
  'efficientnet',
  'convnext',
  'unet',
  'vit',
  'gpt',
];

const fileOf = (name: string) => readFileSync(new URL(`../../golden/onnx/${name}`, import.meta.url));

export const modelBytes = (name: string): Uint8Array => Uint8Array.from(fileOf(`${name}.onnx`));

export const goldenOf = (name: string): TensorFile['tensors'] =>
  decodeSafetensors(fileOf(`${name}.safetensors`), name).tensors;

/** The name of the only input, and what is fed to it. */
export function feedOf(name: string): Record<string, Float32Array | BigInt64Array> {
  const [key, { data }] = Object.entries(goldenOf(name)).find(([each]) => each.startsWith('input/'))!;
  return { [key.slice('input/'.length)]: name === 'gpt' ? BigInt64Array.from(data, BigInt) : data };
}

export const importGolden = (name: string): Promise<ImportedModel> =>
  importOnnx(modelBytes(name), { name, dimensions: { batch: 2 } });

/** The largest difference, relative to the largest expected element. */
export function errorOf(actual: ArrayLike<number>, expected: Float32Array): number {
  const largest = expected.reduce((most, element) => Math.max(most, Math.abs(element)), 0);
  const error = expected.reduce((most, element, index) => Math.max(most, Math.abs(element - actual[index]!)), 0);
  return error / (largest || 1);
}
