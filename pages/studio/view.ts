import type { ListedRun } from '../../src/studio/schemas.js';

/** Properties of every view. */
export interface ViewProps {
  /** The run in the address; empty if it has none. */
  readonly run: string;
  readonly query: string;
  /** Replaces the query of the address. */
  readonly onQuery: (query: string) => void;
  readonly runs: ReadonlyMap<string, ListedRun>;
  readonly state: 'connecting' | 'live' | 'behind' | 'refused';
  readonly onFailure: (error: unknown) => void;
}
