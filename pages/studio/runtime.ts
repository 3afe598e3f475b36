import { configureRuntime } from '../../src/engine/runtime/web.js';
import { WASM_FILES } from '../components/runtimeFiles.js';

/** Prepares a worker, before it compiles a graph. For single images, threads do not pay. */
export const loadRuntimeFromStudio = (): void => configureRuntime({ wasmPaths: () => WASM_FILES, threads: 1 });
