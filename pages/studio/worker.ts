/** All workers in one script. The name of a worker is its role. */
import { serveModel } from '../../src/web/modelWorker.js';
import type { WorkerScope } from '../../src/web/requests.js';
import { serveLayouts } from './explore/layoutWorker.js';
import { loadRuntimeFromStudio } from './runtime.js';
import type { WorkerRole } from './workers.js';

const SERVICES: Record<WorkerRole, (scope: WorkerScope) => void> = {
  model: serveModel,
  layout: serveLayouts,
};

loadRuntimeFromStudio();
SERVICES[self.name as WorkerRole](self as unknown as WorkerScope);
