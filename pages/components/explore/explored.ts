/** The explored code, the ends of the walk, and how both change. */
import { useEffect, useState } from 'preact/hooks';
import { useLatest } from '../latest.js';
import type { Code, Networks } from '../networks.js';
import { beginHistory, type History, record, redo, settle, undo } from './history.js';
import { type Ends, selectEnd } from './path.js';

export interface NamedCode extends Code {
  /** Such as "sample 3 of seed 0". */
  name: string;
  /** [C, H, W] in 0..1, if it is known. */
  image?: Float32Array | undefined;
}

/** How a tool moved a code. */
interface Move {
  tool: string;
  /** Where the tool began. */
  origin: NamedCode;
  /** Read by the tool that wrote them. */
  values: unknown;
}

export interface Explored {
  point: NamedCode;
  move?: Move;
  ends: Ends;
}

/** A tool's view of the explored code: where it began, and its values. */
export interface Tool<Values> {
  origin: NamedCode;
  /** Undefined if the code is not moved by this tool. */
  values: Values | undefined;
  /**
   * Moves the origin to a code.
   * @param isLast false while a slider or a pad is dragged, so that the whole movement is undone in one step
   * @param name of the code (default: of the origin, and that it is changed)
   */
  move: (code: Code, values: Values, isLast: boolean, name?: string) => void;
  /** Ends a movement. */
  settle: () => void;
}

const CHANGED = ', changed';
const changedName = (name: string): string => (name.endsWith(CHANGED) ? name : `${name}${CHANGED}`);

export function useExplored(networks: Networks, onFailure: (error: unknown) => void) {
  const [history, setHistory] = useState<History<Explored>>();
  const change = (next: (before: History<Explored>) => History<Explored>): void =>
    setHistory((before) => before && next(before));
  useUndoKeys(
    () => change(undo),
    () => change(redo),
  );
  const present = history?.present;
  const toolOf = <Values>(tool: string): Tool<Values> | undefined => {
    if (!present) return undefined;
    const isOwn = present.move?.tool === tool;
    const origin = isOwn ? present.move!.origin : present.point;
    return {
      origin,
      values: isOwn ? (present.move!.values as Values) : undefined,
      move: (code, values, isLast, name = changedName(origin.name)) =>
        change((before) => {
          const { ends, move } = before.present;
          const next = { point: { ...code, name }, move: { tool, origin, values }, ends };
          return record(move?.tool === tool ? before : settle(before), next, !isLast);
        }),
      settle: () => change(settle),
    };
  };
  return {
    explored: present,
    image: useImage(networks, present?.point, onFailure),
    toolOf,
    select: (point: NamedCode): void =>
      change((before) => record(settle(before), { point, ends: selectEnd(before.present.ends, point) })),
    /** Begins with two samples, unless something is explored already. */
    begin: (first: NamedCode, second: NamedCode): void =>
      setHistory((before) => before ?? beginHistory({ point: first, ends: { codes: [first, second], side: 0 } })),
    chooseSide: (side: 0 | 1): void =>
      change((before) => ({ ...before, present: { ...before.present, ends: { ...before.present.ends, side } } })),
    undo: history && history.past.length > 0 ? () => change(undo) : undefined,
    redo: history && history.future.length > 0 ? () => change(redo) : undefined,
  };
}

/** The image of a code. The one before stays until it is generated. */
export function useImage(networks: Networks, point: NamedCode | undefined, onFailure: (error: unknown) => void) {
  const [image, setImage] = useState(point?.image);
  useLatest(point !== undefined, async () => setImage(point!.image ?? (await networks.generate(point!))), onFailure, [
    networks,
    point,
  ]);
  return image;
}

function useUndoKeys(onUndo: () => void, onRedo: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const key = event.key.toLowerCase();
      const isText = event.target instanceof HTMLInputElement && /^(?:number|text|search)$/u.test(event.target.type);
      if (!(event.ctrlKey || event.metaKey) || event.altKey || isText || !['z', 'y'].includes(key)) return;
      event.preventDefault();
      if (key === 'z' && !event.shiftKey) onUndo();
      else onRedo();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}
