import type { ExploredModel } from './explore/models.js';

/** Properties of each page. */
export interface PageProps {
  /** The part of the address after the page's name, such as `3` in `#/tour/3`. */
  path: string;
  query: string;
  /** Replaces the query of the address. */
  onQuery: (query: string) => void;
  /** The model to explore, passed from training. */
  model: ExploredModel | undefined;
  onExplore: (model: ExploredModel) => void;
}
