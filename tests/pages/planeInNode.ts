import { latticeOf } from '../../pages/playground/plane/lattice.js';
import type { PlaneModel } from '../../pages/playground/plane/model.js';
import { drawData, type ShapeName, shownPoints } from '../../pages/playground/plane/shapes.js';
import { PlaneTraining } from '../../pages/playground/plane/training.js';
import { compile } from '../../src/engine/runtime/native.node.js';
import { randomStream } from '../../src/random.js';

/** Training on the plane as in a page, several times as fast. */
export const startPlane = (model: PlaneModel, data: ShapeName = 'moons'): Promise<PlaneTraining> =>
  PlaneTraining.create(
    model,
    (count, step) => drawData(data, count, randomStream(model.seed, 'data', step)),
    { lattice: latticeOf(model.latent), shown: shownPoints(data, model.seed) },
    // These networks are too small for more threads.
    (graph) => compile(graph, { threads: 1 }),
  );
