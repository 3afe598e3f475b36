/** The messages between the map and the worker that lays codes out. */
import type { MapMethod } from '../../../src/model/codeMap.js';
import type { PrincipalComponents } from '../../../src/numerics/principalComponents.js';

export interface LayoutRequest {
  readonly method: MapMethod;
  /** [N, M]. */
  readonly codes: Float32Array;
  readonly latent: number;
}

export interface Layout {
  /** Coordinates [N, 2]. */
  readonly points: Float64Array;
  /** Project any code, if the axes are directions in latent space. */
  readonly components?: PrincipalComponents;
}

/** Epochs of UMAP. */
export interface LayoutProgress {
  readonly done: number;
  readonly total: number;
}
