/** The canvas of the map: it redraws once per frame at most, and without rendering the page again. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type EncodedData, imageName } from './data.js';
import { drawMap, imageAtPosition, type MapScene, placeThumbnails } from './mapDrawing.js';
import { useMapGestures } from './mapGestures.js';
import { type MapView, WHOLE_MAP } from './settings.js';

/** Milliseconds without movement until the address follows. */
const SETTLED_MS = 300;
const BUTTON_ZOOM = 2;

interface MapCanvasProps {
  readonly data: EncodedData;
  readonly scene: MapScene;
  readonly view: MapView;
  readonly onView: (view: MapView) => void;
  readonly onImage: (index: number) => void;
}

export function MapCanvas({ data, scene, view: initialView, onView, onImage }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, setPointed] = useState<number>();
  const state = useRef({ view: initialView, area: { width: 1, height: 1 }, scene, frame: 0, settled: 0 });
  const placement = useRef<
    { readonly key: string; readonly layout: unknown; readonly thumbnails: readonly number[] } | undefined
  >(undefined);
  state.current.scene = scene;

  const thumbnails = (): readonly number[] => {
    const { view, area, scene: now } = state.current;
    const key = `${view.zoom} ${area.width} ${area.height}`;
    if (placement.current?.key !== key || placement.current.layout !== now.layout) {
      placement.current = { key, layout: now.layout, thumbnails: placeThumbnails(now.layout, area, view.zoom) };
    }
    return placement.current.thumbnails;
  };
  const draw = (): void => {
    state.current.frame ||= requestAnimationFrame(() => {
      state.current.frame = 0;
      const { view, area, scene: now } = state.current;
      if (!canvas.current) return;
      drawMap(canvas.current.getContext('2d')!, area, view, now, thumbnails());
    });
  };
  const move = (view: MapView): void => {
    state.current.view = view;
    draw();
    clearTimeout(state.current.settled);
    state.current.settled = window.setTimeout(() => onView(view), SETTLED_MS);
  };
  const imageNear = (position: readonly [number, number], reach?: number): number | undefined =>
    imageAtPosition(state.current.area, state.current.view, state.current.scene, thumbnails(), position, reach);
  const pick = (index: number | undefined): void => {
    if (index !== undefined) onImage(index);
    setPointed(index);
  };
  const { zoomBy, onKey, listeners } = useMapGestures({
    area: () => state.current.area,
    view: () => state.current.view,
    onView: move,
    onPick: (position) => pick(imageNear(position)),
    onHover: (position) => setPointed(position && imageNear(position)),
  });
  const centerImage = (): number | undefined =>
    imageNear([state.current.area.width / 2, state.current.area.height / 2], Infinity);
  const onKeyDown = (event: KeyboardEvent): void => {
    const isPick = event.key === 'Enter' || event.key === ' ';
    if (isPick) pick(centerImage());
    else if (onKey(event.key)) setPointed(centerImage());
    else return;
    event.preventDefault();
  };

  useEffect(draw, [scene]);
  useEffect(() => {
    const element = canvas.current!;
    const resize = (): void => {
      const { clientWidth: width, clientHeight: height } = element;
      // While the panel is hidden.
      if (width === 0) return;
      const ratio = window.devicePixelRatio;
      state.current.area = { width, height };
      [element.width, element.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      element.getContext('2d')!.scale(ratio, ratio);
      draw();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(state.current.frame);
      clearTimeout(state.current.settled);
    };
  }, []);
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
          <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoomBy(BUTTON_ZOOM)}>
            +
          </button>
          <button type="button" aria-label="Zoom out" title="Zoom out (−)" onClick={() => zoomBy(1 / BUTTON_ZOOM)}>
            −
          </button>
          <button
            type="button"
            aria-label="Show the whole map"
            title="Show the whole map (0)"
            onClick={() => move(WHOLE_MAP)}
          >
            ⤢
          </button>
        </div>
      </div>
      <p class="map-name" aria-live="polite">
        {name}
      </p>
    </>
  );
}
