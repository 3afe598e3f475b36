/** Where the files of ONNX Runtime for WebAssembly are: assets of a site, loaded when a network is first compiled. */
import mjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';

/** The address of an asset. */
export const addressOf = (asset: string): string => new URL(asset, import.meta.url).href;

export const WASM_FILES = { mjs: addressOf(mjs), wasm: addressOf(wasm) } as const;
