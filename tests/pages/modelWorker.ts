/** The model worker of the tests. Bundled for Chromium. */
import { configureRuntime, serveModel, type WorkerScope } from '../../src/web/index.js';

configureRuntime({ wasmPaths: new URL('/ort/', location.href).href });
serveModel(self as unknown as WorkerScope);
