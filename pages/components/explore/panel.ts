/** Properties of the panels of the view. */
import type { ModelInfo, Networks, Point } from '../networks.js';
import type { Explored, NamedCode, Tool } from './explored.js';
import type { Favorites } from './favorites.js';

export interface ExplorableModel {
  info: ModelInfo;
  networks: Networks;
  /** The iteration of its checkpoint, if it is known. */
  step?: number;
}

export interface ExplorePanelProps {
  model: ExplorableModel;
  /** Whether the panel is visible. */
  isActive: boolean;
  /** Undefined until there is a sample. */
  explored: Explored | undefined;
  toolOf: <Values>(tool: string) => Tool<Values> | undefined;
  /** Selects a code. */
  select: (code: NamedCode) => void;
  onSelect: (point: Point, name: string) => void;
  favorites: Favorites;
  onFailure: (error: unknown) => void;
}
