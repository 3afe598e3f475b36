/** Properties of the panels of the view. */
import type { Code, Point } from '../../components/networks.js';
import type { DataState, EncodedData } from './data.js';
import type { ExploredModel } from './model.js';
import type { NamedPoint } from './selection.js';

export interface ExplorePanelProps {
  /** Undefined while it is loaded. */
  readonly model: ExploredModel;
  /** Whether the panel is visible. */
  readonly isActive: boolean;
  readonly selected: NamedPoint | undefined;
  readonly onSelect: (point: Point, name: string) => void;
  readonly onFailure: (error: unknown) => void;
}

/** For panels that show the data. */
export interface DataPanelProps extends ExplorePanelProps {
  readonly data: DataState;
  /** Selects the code of an image of the data. */
  readonly onImage: (data: EncodedData, index: number) => void;
  readonly onCode: (code: Code, name: string) => void;
}
