import type { ListedRun } from '../../src/studio/schemas.js';

/** Properties of every view. */
export interface ViewProps {
  /** The run in the address; empty if it has none. */
  run: string;
  query: string;
  /** Replaces the query of the address. */
  onQuery: (query: string) => void;
  runs: ReadonlyMap<string, ListedRun>;
  state: 'connecting' | 'live' | 'behind' | 'refused';
  onFailure: (error: unknown) => void;
}
