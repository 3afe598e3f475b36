/** The files of ONNX Runtime: assets that load when a network is first compiled. */
import gpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import gpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import { configureRuntime, type WebDevice } from '../../src/engine/runtime/web.js';
import { addressOf, WASM_FILES } from '../components/runtimeFiles.js';

export const RUNTIME_FILES: Record<WebDevice, { mjs: string; wasm: string }> = {
  wasm: WASM_FILES,
  webgpu: { mjs: addressOf(gpuMjs), wasm: addressOf(gpuWasm) },
};

/**
 * Prepares a worker, before it compiles a graph.
 * @param hasThreads whether more than one thread pays
 */
export const loadRuntimeFromPage = (hasThreads: boolean): void =>
  configureRuntime({ wasmPaths: (device) => RUNTIME_FILES[device], ...(hasThreads ? {} : { threads: 1 }) });
