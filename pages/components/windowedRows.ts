/** Rows of a long list that are near the window of its box. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows beyond both ends. */
const OVERSCAN = 8;

export interface WindowedRows {
  /** The rows to make. */
  indices: readonly number[];
  /** Pixels of the rows before and after them. */
  before: number;
  after: number;
}

/** @param height of each row in pixels */
export function useWindowedRows(box: RefObject<HTMLElement | null>, count: number, height: number): WindowedRows {
  const [, update] = useState(0);
  const made = useRef<Virtualizer<HTMLElement, Element>>(undefined);
  const options = {
    count,
    overscan: OVERSCAN,
    estimateSize: () => height,
    getScrollElement: () => box.current,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => update((version) => version + 1),
  };
  made.current ??= new Virtualizer(options);
  const rows = made.current;
  rows.setOptions(options);
  useLayoutEffect(() => rows._didMount(), []);
  useLayoutEffect(() => rows._willUpdate());
  const items = rows.getVirtualItems();
  return {
    indices: items.map(({ index }) => index),
    before: items[0]?.start ?? 0,
    after: rows.getTotalSize() - (items.at(-1)?.end ?? 0),
  };
}
