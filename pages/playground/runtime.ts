/** Where the files of ONNX Runtime are: assets of this site, loaded when a network is first compiled. */
import gpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import gpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import mjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { configureRuntime, type WebDevice } from '../../src/engine/runtime/web.js';

const pathOf = (asset: string): string => new URL(asset, import.meta.url).href;

/** The files of each device. */
export const RUNTIME_FILES: Readonly<Record<WebDevice, { readonly mjs: string; readonly wasm: string }>> = {
  wasm: { mjs: pathOf(mjs), wasm: pathOf(wasm) },
  webgpu: { mjs: pathOf(gpuMjs), wasm: pathOf(gpuWasm) },
};

/**
 * In a worker, before a graph is compiled.
 * @param hasThreads whether more than one thread pays (default: only where networks are large)
 */
export const loadRuntimeFromPage = (hasThreads: boolean): void =>
  configureRuntime({ wasmPaths: (device) => RUNTIME_FILES[device], ...(hasThreads ? {} : { threads: 1 }) });
