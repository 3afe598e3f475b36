/** The training worker of the tests. Bundled for Chromium. */
import { configureRuntime, serveTraining, type WorkerScope } from '../../src/web/index.js';

configureRuntime({ wasmPaths: new URL('/ort/', location.href).href });
serveTraining(self as unknown as WorkerScope);
