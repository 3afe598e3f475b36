/** How workers of the studio load ONNX Runtime. */
import { configureRuntime } from '../../src/engine/runtime/web.js';
import { WASM_FILES } from '../components/runtimeFiles.js';

/** In a worker, before a graph is compiled. Single images are computed in milliseconds, for which threads do not pay. */
export const loadRuntimeFromStudio = (): void => configureRuntime({ wasmPaths: () => WASM_FILES, threads: 1 });
