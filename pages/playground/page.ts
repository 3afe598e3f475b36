import type { ExploredModel } from './explore/models.js';

/** Properties of each page. */
export interface PageProps {
  readonly query: string;
  /** Replaces the query of the address. */
  readonly onQuery: (query: string) => void;
  /** The model to explore, passed from training. */
  readonly model: ExploredModel | undefined;
  readonly onExplore: (model: ExploredModel) => void;
}
