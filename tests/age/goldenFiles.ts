import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeSafetensors, type TensorFile } from '../../src/engine/index.js';

/** The golden files, computed in float64 by PyTorch. */
export const GOLDEN_NAMES = [
  'dcgan32-classes',
  'dcgan32-colorization',
  'dcgan32-displaced',
  'dcgan32-gray',
  'dcgan32-margin',
  'dcgan32-nearest',
  'dcgan32-normal-prior',
  'dcgan32-reverse-kl',
  'dcgan32-rgb',
  'dcgan32-uniform',
  'dcgan32-variance-sum',
  'dcgan64-rgb',
  'resnet32-rgb',
] as const;

export const goldenPath = (name: (typeof GOLDEN_NAMES)[number]): string =>
  fileURLToPath(new URL(`../golden/${name}.safetensors`, import.meta.url));

export const readGolden = async (name: (typeof GOLDEN_NAMES)[number]): Promise<TensorFile> =>
  decodeSafetensors(await readFile(goldenPath(name)), name);

/** The same file with one tensor replaced, or left out. */
export function withTensor(golden: TensorFile, name: string, data: Float32Array | undefined): TensorFile {
  const { [name]: old, ...others } = golden.tensors;
  return {
    ...golden,
    tensors: data === undefined ? others : { ...others, [name]: { shape: old?.shape ?? [data.length], data } },
  };
}

/** The same file with its case changed. */
export const withCase = (golden: TensorFile, changes: Record<string, unknown>): TensorFile => ({
  ...golden,
  metadata: {
    ...golden.metadata,
    case: JSON.stringify({ ...(JSON.parse(golden.metadata.case!) as object), ...changes }),
  },
});
