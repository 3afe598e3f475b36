/** Where the files of ONNX Runtime are: assets of this site, loaded when a network is first compiled. */
import mjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { configureRuntime } from '../../src/engine/runtime/web.js';

export const RUNTIME_FILES = { mjs: new URL(mjs, import.meta.url).href, wasm: new URL(wasm, import.meta.url).href } as const;

/** In a worker, before a graph is compiled. */
export const loadRuntimeFromPage = (): void => configureRuntime({ wasmPaths: RUNTIME_FILES });
