/** How typical codes are, computed when the page has time. */
import { useEffect, useMemo, useReducer } from 'preact/hooks';
import type { CodeSource } from '../../../src/density/codeDensity.js';
import { fitTypicality } from '../../../src/density/typicality.js';

/** The share of samples, 0 to 1, whose codes [M] are less probable. */
export type Typicality = (code: Float32Array) => number;

const known = new WeakMap<CodeSource, Map<string, Typicality>>();
/** Conditions that are kept. */
const MAX_KNOWN = 64;
/** Milliseconds; a condition may change with every movement of a slider. */
const PAUSE_MS = 150;

/** Undefined without a density, and until it is fitted. */
export function useTypicality(source: CodeSource, condition: Float32Array | undefined): Typicality | undefined {
  const key = useMemo(() => String(condition ?? ''), [condition]);
  const [, showFitted] = useReducer((fits: number) => fits + 1, 0);
  const ofSource = known.get(source) ?? new Map<string, Typicality>();
  known.set(source, ofSource);
  const { density } = source;
  useEffect(() => {
    if (!density || ofSource.has(key)) return;
    const timer = setTimeout(() => {
      if (ofSource.size >= MAX_KNOWN) ofSource.clear();
      ofSource.set(key, fitTypicality({ ...partsOf(source), density }, condition));
      showFitted(undefined);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [source, key]);
  return ofSource.get(key);
}

/** They may be getters of a class. */
const partsOf = ({ prior, latentSize, condition }: CodeSource) => ({ prior, latentSize, condition });

export const asPercent = (share: number): string => `${Math.round(100 * share)}%`;
