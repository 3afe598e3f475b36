import type { Features } from '../numerics/features.js';
import { type RandomStream, randomStream } from '../random.js';
import { principalComponents, projectOnComponents } from '../numerics/principalComponents.js';
import { umapLayout } from './umapLayout.js';

/** Codes laid out in the plane. */
export interface CodeMap {
  /** Coordinates [N, 2]. */
  readonly points: Float64Array;
  /** Part of the codes' whole variance along each axis, 0 to 1, where the axes are directions among the codes. */
  readonly parts?: Float64Array;
}

/** The ways to lay codes [N, M] out in the plane; another is one more entry. */
export const CODE_MAPS = {
  /** Along the two directions in which codes vary most. */
  pca: (codes: Features): CodeMap => {
    const components = principalComponents(codes, 2);
    return { points: projectOnComponents(codes, components), parts: components.parts };
  },
  /** So that neighbours stay neighbours; only the near has a meaning in it. */
  umap: (codes: Features, stream: RandomStream): CodeMap => ({ points: umapLayout(codes, stream) }),
} as const;
export type MapMethod = keyof typeof CODE_MAPS;

/**
 * Lays codes out in the plane, so that similar ones lie near each other.
 * @param codes [N, M], N >= 2 and M >= 2
 * @param seed determines the layout of a method that draws
 * @throws InputError for fewer, and for numbers that are not finite
 */
export const mapCodes = (codes: Features, method: MapMethod = 'pca', seed = 0): CodeMap => CODE_MAPS[method](codes, randomStream(seed, 'layout of codes'));
