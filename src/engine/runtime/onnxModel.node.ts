import { InputError } from '../../errors.js';
import { graphOf } from '../graph.js';
import { dimensionsFor, importOnnx, onnxSignature } from '../import/importOnnx.js';
import { readWithExternalData } from '../import/importOnnxFile.node.js';
import { compile } from './native.node.js';
import type { Program } from './program.js';

/**
 * Opens an ONNX file for the CPU. It is imported and compiled for the sizes of its first input, and again for others.
 * @param threads threads of one operator (default: one per core)
 * @throws {InputError} if it cannot be read, or is no ONNX model
 */
export async function loadOnnxModel(file: string, threads = 0) {
  const { bytes, externalData } = await readWithExternalData(file);
  const { inputs, outputs } = await onnxSignature(bytes, file);
  let compiled: { key: string; program: Program } | undefined;
  const programFor = async (shape: readonly number[], names: readonly string[]) => {
    const key = JSON.stringify([shape, names]);
    if (compiled?.key === key) return compiled.program;
    const dimensions = dimensionsFor(inputs[0]!, shape);
    const model = await importOnnx(bytes, {
      name: file,
      externalData,
      dimensions,
      convertFloats: true,
      outputs: names,
    });
    await compiled?.program.release();
    compiled = undefined;
    compiled = { key, program: await compile(graphOf(model.outputs), { threads }) };
    return compiled.program;
  };
  return {
    inputs,
    outputs,
    /**
     * Runs the model on one float32 input, and returns the named outputs.
     * @throws {InputError} if the file cannot be imported, does not accept the shape, or an output is not float32
     */
    run: async (input: string, data: Float32Array, shape: readonly number[], names: readonly string[]) => {
      const results = await (await programFor(shape, names)).run({ [input]: data });
      return Object.fromEntries(
        Object.entries(results).map(([output, { type, shape, data }]) => {
          if (data instanceof Float32Array) return [output, { shape, data }] as const;
          throw new InputError(file, `output ${output}: expected float32 but got ${type}`);
        }),
      );
    },
    release: async () => compiled?.program.release(),
  };
}
