/** The files of ONNX Runtime for WebAssembly: assets that load when a network is first compiled. */
import mjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';

export const addressOf = (asset: string): string => new URL(asset, import.meta.url).href;

export const WASM_FILES = { mjs: addressOf(mjs), wasm: addressOf(wasm) } as const;
