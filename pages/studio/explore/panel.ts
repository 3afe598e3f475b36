/** Properties of the panels of the view. */
import type { Code, Point } from '../../components/networks.js';
import type { DataState, EncodedData } from './data.js';
import type { ExploredModel } from './model.js';
import type { NamedPoint } from './selection.js';

export interface ExplorePanelProps {
  /** Undefined while it is loaded. */
  model: ExploredModel;
  /** Whether the panel is visible. */
  isActive: boolean;
  selected: NamedPoint | undefined;
  onSelect: (point: Point, name: string) => void;
  onFailure: (error: unknown) => void;
}

/** For panels that show the data. */
export interface DataPanelProps extends ExplorePanelProps {
  data: DataState;
  /** Selects the code of an image of the data. */
  onImage: (data: EncodedData, index: number) => void;
  onCode: (code: Code, name: string) => void;
}
