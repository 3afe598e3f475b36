/** The messages between the map and the worker that lays codes out. */
import type { MapMethod } from '../../../src/model/codeMap.js';
import type { PrincipalComponents } from '../../../src/numerics/principalComponents.js';

export interface LayoutRequest {
  method: MapMethod;
  /** [N, M]. */
  codes: Float32Array;
  latent: number;
}

export interface Layout {
  /** Coordinates [N, 2]. */
  points: Float64Array;
  /** Project any code, if the axes are directions in latent space. */
  components?: PrincipalComponents;
}

/** Epochs of UMAP. */
export interface LayoutProgress {
  done: number;
  total: number;
}
