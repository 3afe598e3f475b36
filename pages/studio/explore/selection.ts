/** The point that every panel starts from, and the ends of the walk. */
import { useRef, useState } from 'preact/hooks';
import type { Code, Networks, Point } from '../../components/networks.js';
import { select, type WalkEnds } from '../../components/walk.js';
import { codeAt, type EncodedData, imageName } from './data.js';

export interface NamedPoint extends Point {
  /** Such as "sample 3 of seed 0". */
  name: string;
}

export interface Selection {
  point: NamedPoint | undefined;
  ends: WalkEnds;
}

/** The selection, and how it changes. */
export function useSelection(networks: Networks | undefined, onFailure: (error: unknown) => void) {
  const [selection, setSelection] = useState<Selection>({
    point: undefined,
    ends: { points: [undefined, undefined], side: 0 },
  });
  const latest = useRef(0);
  const onSelect = (point: Point, name: string): void => {
    latest.current++;
    setSelection(({ ends }) => ({ point: { ...point, name }, ends: select(ends, point) }));
  };
  /** Selects a code once its image is generated, unless another selection comes first. */
  const onCode = (code: Code, name: string): void => {
    const number = ++latest.current;
    networks
      ?.generate(code)
      .then((image) => number === latest.current && onSelect({ ...code, image }, name))
      .catch(onFailure);
  };
  return {
    selection,
    onSelect,
    onCode,
    /** Selects an image of the data. */
    onImage: (data: EncodedData, index: number): void =>
      onCode({ code: codeAt(data, index), distance: 0 }, imageName(data, index)),
    /** Selects the first samples, unless the visitor has selected something. */
    onFirst: ([first, second]: readonly NamedPoint[]): void =>
      setSelection((before) => (before.point ? before : { point: first, ends: { points: [first, second], side: 0 } })),
    onSide: (side: 0 | 1): void => setSelection((before) => ({ ...before, ends: { ...before.ends, side } })),
  };
}
