/** The canvas of the map, its buttons, and the name of the image under the pointer. */
import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type EncodedData, imageName } from './data.js';
import { drawMap, imageAtPosition, type MapScene, placeThumbnails } from './mapDrawing.js';
import { useMapGestures } from './mapGestures.js';
import { type MapView, WHOLE_MAP } from '../../components/explore/settings.js';

/** Milliseconds after a movement until the address follows. */
const SETTLED_MS = 300;
const BUTTON_ZOOM = 2;

interface MapCanvasProps {
  data: EncodedData;
  scene: MapScene;
  view: MapView;
  onView: (view: MapView) => void;
  onImage: (index: number) => void;
}

export function MapCanvas({ data, scene, view, onView, onImage }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, setPointed] = useState<number>();
  const map = useDrawnMap(canvas, scene, view, onView);
  const pick = (index: number | undefined): void => {
    if (index !== undefined) onImage(index);
    setPointed(index);
  };
  const { zoomBy, onKey, listeners } = useMapGestures({
    area: map.area,
    view: map.view,
    onView: map.move,
    onPick: (position) => pick(map.imageNear(position)),
    onHover: (position) => setPointed(position && map.imageNear(position)),
  });
  const centerImage = (): number | undefined => {
    const { width, height } = map.area();
    return map.imageNear([width / 2, height / 2], Infinity);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const isPick = event.key === 'Enter' || event.key === ' ';
    if (isPick) pick(centerImage());
    else if (onKey(event.key)) setPointed(centerImage());
    else return;
    event.preventDefault();
  };
  const name = useMemo(() => (pointed === undefined ? '' : imageName(data, pointed)), [data, pointed]);
  return (
    <>
      <div class="map-area">
        <canvas
          id="map"
          ref={canvas}
          role="application"
          tabIndex={0}
          aria-label="Map of the data: arrow keys move, plus and minus zoom, 0 shows all, Enter selects the image in the center"
          onKeyDown={onKeyDown}
          {...listeners}
        />
        <div class="map-buttons" role="group" aria-label="Zoom of the map">
          <MapButton name="Zoom in" keyName="+" sign="+" onClick={() => zoomBy(BUTTON_ZOOM)} />
          <MapButton name="Zoom out" keyName="−" sign="−" onClick={() => zoomBy(1 / BUTTON_ZOOM)} />
          <MapButton name="Show the whole map" keyName="0" sign="⤢" onClick={() => map.move(WHOLE_MAP)} />
        </div>
      </div>
      <p class="map-name" aria-live="polite">
        {name}
      </p>
    </>
  );
}

interface MapButtonProps {
  name: string;
  keyName: string;
  sign: string;
  onClick: () => void;
}

const MapButton = ({ name, keyName, sign, onClick }: MapButtonProps) => (
  <button type="button" aria-label={name} title={`${name} (${keyName})`} onClick={onClick}>
    {sign}
  </button>
);

/** Draws a scene on a canvas once per frame at most, without rendering the page again. */
function useDrawnMap(
  canvas: RefObject<HTMLCanvasElement | null>,
  scene: MapScene,
  view: MapView,
  onView: (view: MapView) => void,
) {
  const state = useRef({ view, area: { width: 1, height: 1 }, scene, frame: 0, settled: 0 }).current;
  state.scene = scene;
  const placement = useRef({ key: '', layout: undefined, thumbnails: [] as readonly number[] }).current;
  const thumbnails = (): readonly number[] => {
    const { layout } = state.scene;
    const key = `${state.view.zoom} ${state.area.width} ${state.area.height}`;
    if (placement.key !== key || placement.layout !== layout)
      Object.assign(placement, { key, layout, thumbnails: placeThumbnails(layout, state.area, state.view.zoom) });
    return placement.thumbnails;
  };
  const draw = (): void => {
    state.frame ||= requestAnimationFrame(() => {
      state.frame = 0;
      const context = canvas.current?.getContext('2d');
      if (context) drawMap(context, state.area, state.view, state.scene, thumbnails());
    });
  };
  useEffect(draw, [scene]);
  useEffect(() => {
    const element = canvas.current!;
    const resize = (): void => {
      const { clientWidth: width, clientHeight: height } = element;
      // While the panel is hidden.
      if (width === 0) return;
      const ratio = window.devicePixelRatio;
      state.area = { width, height };
      [element.width, element.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      element.getContext('2d')!.scale(ratio, ratio);
      draw();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(state.frame);
      clearTimeout(state.settled);
    };
  }, []);
  return {
    area: () => state.area,
    view: () => state.view,
    move: (next: MapView): void => {
      state.view = next;
      draw();
      clearTimeout(state.settled);
      state.settled = window.setTimeout(() => onView(next), SETTLED_MS);
    },
    imageNear: (position: readonly [number, number], reach?: number): number | undefined =>
      imageAtPosition(state.area, state.view, state.scene, thumbnails(), position, reach),
  };
}
