/** Moves the map by wheel, pointers and keys. */
import { useRef } from 'preact/hooks';
import { type Area, toMap } from './mapDrawing.js';
import { type MapView, MAX_ZOOM, WHOLE_MAP } from '../../components/explore/settings.js';

type Position = readonly [left: number, top: number];

const WHEEL_RATE = 0.0015;
const KEY_ZOOM = 1.5;
/** Part of the visible area that an arrow key moves by. */
const KEY_PAN = 0.15;
/** Pixels that a pointer may move in a click. */
const CLICK_SLACK = 4;

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** Zooms by a factor around a position. */
export function zoomAt(area: Area, view: MapView, position: Position, factor: number): MapView {
  const zoom = clamp(view.zoom * factor, 1, MAX_ZOOM);
  const [x, y] = toMap(area, view, position);
  const ratio = view.zoom / zoom;
  return limited({ x: x + (view.x - x) * ratio, y: y + (view.y - y) * ratio, zoom });
}

/** Moves the map by CSS pixels. */
export function panBy(area: Area, view: MapView, [right, down]: Position): MapView {
  const scale = Math.min(area.width, area.height) * view.zoom;
  return limited({ ...view, x: view.x - right / scale, y: view.y - down / scale });
}

/** Keeps the center on the map, and the whole map in the middle. */
const limited = (view: MapView): MapView =>
  view.zoom === 1 ? WHOLE_MAP : { ...view, x: clamp(view.x, 0, 1), y: clamp(view.y, 0, 1) };

interface GestureOptions {
  area: () => Area;
  view: () => MapView;
  onView: (view: MapView) => void;
  /** Called for a click at a position on the canvas. */
  onPick: (position: Position) => void;
  /** Called when the pointer moves without a button. */
  onHover: (position: Position | undefined) => void;
}

/** Listeners of the canvas. */
export function useMapGestures({ area, view, onView, onPick, onHover }: GestureOptions) {
  const pointers = useRef(new Map<number, Position>());
  const moved = useRef(0);
  const positionOf = (event: MouseEvent): Position => [event.offsetX, event.offsetY];
  const center = (): Position => [area().width / 2, area().height / 2];

  const drag = (event: PointerEvent): void => {
    const before = pointers.current.get(event.pointerId)!;
    const position = positionOf(event);
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    moved.current += Math.hypot(position[0] - before[0], position[1] - before[1]);
    pointers.current.set(event.pointerId, position);
    if (!other) return onView(panBy(area(), view(), [position[0] - before[0], position[1] - before[1]]));
    // The points of the map under two fingers stay under them.
    const distanceTo = ([left, top]: Position): number => Math.max(1, Math.hypot(left - other[0], top - other[1]));
    const middleOf = ([left, top]: Position): Position => [(left + other[0]) / 2, (top + other[1]) / 2];
    const [from, to] = [middleOf(before), middleOf(position)];
    const panned = panBy(area(), view(), [to[0] - from[0], to[1] - from[1]]);
    onView(zoomAt(area(), panned, to, distanceTo(position) / distanceTo(before)));
  };
  const onKey = (key: string): boolean => {
    const { width, height } = area();
    const actions: Record<string, () => void> = {
      '+': () => onView(zoomAt(area(), view(), center(), KEY_ZOOM)),
      '=': () => onView(zoomAt(area(), view(), center(), KEY_ZOOM)),
      '-': () => onView(zoomAt(area(), view(), center(), 1 / KEY_ZOOM)),
      '0': () => onView(WHOLE_MAP),
      ArrowLeft: () => onView(panBy(area(), view(), [KEY_PAN * width, 0])),
      ArrowRight: () => onView(panBy(area(), view(), [-KEY_PAN * width, 0])),
      ArrowUp: () => onView(panBy(area(), view(), [0, KEY_PAN * height])),
      ArrowDown: () => onView(panBy(area(), view(), [0, -KEY_PAN * height])),
    };
    actions[key]?.();
    return key in actions;
  };
  return {
    zoomBy: (factor: number): void => onView(zoomAt(area(), view(), center(), factor)),
    onKey,
    listeners: {
      onWheel: (event: WheelEvent): void => {
        event.preventDefault();
        onView(zoomAt(area(), view(), positionOf(event), Math.exp(-WHEEL_RATE * event.deltaY)));
      },
      onPointerDown: (event: PointerEvent): void => {
        (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
        if (pointers.current.size === 0) moved.current = 0;
        pointers.current.set(event.pointerId, positionOf(event));
      },
      onPointerMove: (event: PointerEvent): void =>
        pointers.current.has(event.pointerId) ? drag(event) : onHover(positionOf(event)),
      onPointerUp: (event: PointerEvent): void => {
        const isClick = pointers.current.size === 1 && moved.current < CLICK_SLACK;
        pointers.current.delete(event.pointerId);
        if (isClick) onPick(positionOf(event));
      },
      onPointerCancel: (event: PointerEvent): void => void pointers.current.delete(event.pointerId),
      onPointerLeave: (): void => onHover(undefined),
    },
  };
}
