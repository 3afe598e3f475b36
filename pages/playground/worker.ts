/** All workers in one script, so that a visitor loads their common code once. The name of a worker is its role. */
import { serveModel } from '../../src/web/modelWorker.js';
import type { WorkerScope } from '../../src/web/requests.js';
import { serveTraining } from '../../src/web/trainingWorker.js';
import { servePlane } from './plane/planeWorker.js';
import { loadRuntimeFromPage } from './runtime.js';
import type { WorkerRole } from './workers.js';

const SERVICES: Record<WorkerRole, (scope: WorkerScope) => void> = {
  plane: servePlane,
  training: serveTraining,
  model: serveModel,
};

const role = self.name as WorkerRole;
// Points of the plane and single images are computed in a millisecond.
loadRuntimeFromPage(role === 'training');
SERVICES[role](self as unknown as WorkerScope);
