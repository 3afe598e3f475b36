import type { ExploredModel } from './explore/models.js';

/** Properties of each page. */
export interface PageProps {
  query: string;
  /** Replaces the query of the address. */
  onQuery: (query: string) => void;
  /** The model to explore, passed from training. */
  model: ExploredModel | undefined;
  onExplore: (model: ExploredModel) => void;
}
