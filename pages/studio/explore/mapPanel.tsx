/** The map of the codes of the data. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { classColors } from '../../../src/images/legend.js';
import type { MapMethod } from '../../../src/model/codeMap.js';
import { Choice } from '../../components/controls.js';
import { classesOf, codeAt, type DataState, type EncodedData } from './data.js';
import { DataOffer } from './dataMessage.js';
import { type LayoutState, useLayout } from './layout.js';
import { MapCanvas } from './mapCanvas.js';
import { type Atlas, drawAtlas, type MapScene } from './mapDrawing.js';
import type { DataPanelProps } from './panel.js';
import type { MapView } from '../../components/explore/settings.js';

/** Of images without classes. */
const NEUTRAL = 'rgb(120 170 255)';
/** Classes that the legend names. */
const MAX_LEGEND = 24;
const METHODS: Record<MapMethod, string> = { pca: 'PCA', umap: 'UMAP' };

interface MapPanelProps extends DataPanelProps {
  layout: MapMethod;
  onLayout: (layout: MapMethod) => void;
  view: MapView;
  onView: (view: MapView) => void;
}

export function MapPanel(props: MapPanelProps) {
  const { data, select, layout: method, onLayout, view, onView } = props;
  const { encoded } = data;
  const { state, scene, legend } = useScene(props);
  // A movement is reported after its end, when the layout may already be another one.
  const latestMethod = useRef(method);
  latestMethod.current = method;
  if (!encoded && data.offer !== undefined) return <DataOffer use="The map needs" command={data.offer} />;
  return (
    <section class="map" aria-label="Map">
      <p class="meaning">
        Codes of images of the data in two dimensions. The ring marks the selected code, or with UMAP the image nearest
        to it. Click an image to select its code.
      </p>
      <div class="toolbar">
        <Choice
          label="Layout"
          value={method}
          choices={Object.keys(METHODS) as MapMethod[]}
          nameOf={(choice) => METHODS[choice]}
          onChoose={onLayout}
        />
      </div>
      {scene && encoded ? (
        <MapCanvas
          key={scene.layout.method}
          data={encoded}
          scene={scene}
          view={view}
          onView={(moved) => latestMethod.current === scene.layout.method && onView(moved)}
          onImage={(index) => select(codeAt(encoded, index))}
        />
      ) : (
        <MapProgress state={encoded ? state : data} />
      )}
      <ul class="legend" aria-label="Classes">
        {legend.slice(0, MAX_LEGEND).map(({ name, color }) => (
          <li key={name}>
            <span class="swatch" style={{ backgroundColor: color }} />
            {name}
          </li>
        ))}
        {legend.length > MAX_LEGEND && <li>and {legend.length - MAX_LEGEND} more</li>}
      </ul>
    </section>
  );
}

/** In the place of the map, until it is drawn. */
const MapProgress = ({ state }: { state: DataState | LayoutState }) => (
  <>
    <div class="map-area frame">
      <p role="status" class={`empty ${'isFailure' in state && state.isFailure ? 'failed' : ''}`}>
        {'message' in state && state.message}
      </p>
    </div>
    <p class="map-name" />
  </>
);

/** Computes the layout and draws the images once the map is visible. They stay from then on. */
function useScene({
  model: { info },
  data: { encoded },
  isActive,
  explored,
  layout: method,
  onFailure,
}: MapPanelProps) {
  const selected = explored?.point;
  const [isWanted, setIsWanted] = useState(isActive);
  useEffect(() => setIsWanted((before) => before || isActive), [isActive]);
  const state = useLayout(isWanted ? encoded : undefined, method, info.latent);
  const [atlas, setAtlas] = useState<Atlas>();
  useEffect(() => {
    if (!encoded || !isWanted) return;
    let isCurrent = true;
    drawAtlas(encoded, info.shape)
      .then((drawn) => isCurrent && setAtlas(drawn))
      .catch(onFailure);
    return () => (isCurrent = false);
  }, [encoded, isWanted]);
  const { colors, legend } = useMemo(() => colorsOf(encoded), [encoded]);
  const scene = useMemo<MapScene | undefined>(
    () =>
      state.layout && {
        layout: state.layout,
        shape: info.shape,
        atlas,
        colors,
        selected: selected && state.layout.locate(selected.code),
      },
    [state.layout, atlas, colors, selected],
  );
  return { state, scene, legend };
}

/** A color per image, and the colors of classes. */
function colorsOf(data: EncodedData | undefined) {
  if (!data?.labels) return { colors: new Array<string>(data?.count ?? 0).fill(NEUTRAL), legend: [] };
  const names = classesOf(data);
  const palette = classColors(names.length).map((channels) => `rgb(${channels.join(' ')})`);
  return {
    colors: data.labels.map((label) => palette[label]!),
    legend: names.map((name, label) => ({ name, color: palette[label]! })),
  };
}
