/** Properties of panels that show the data. */
import type { ExplorePanelProps } from '../../components/explore/panel.js';
import type { DataState } from './data.js';

export interface DataPanelProps extends ExplorePanelProps {
  data: DataState;
}
