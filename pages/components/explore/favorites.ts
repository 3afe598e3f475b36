/** Codes that the visitor keeps, in the browser. */
import { useEffect, useState } from 'preact/hooks';
import { isSameArray } from '../codes.js';
import type { NamedCode } from './explored.js';
import type { ExplorableModel } from './panel.js';
import { decodeCode, encodeCode } from './savedCodes.js';

/** Older ones are removed. */
const MAX_FAVORITES = 200;

export interface Favorite extends NamedCode {
  /** The iteration of its checkpoint; other checkpoints of the run decode it to a similar image. */
  step?: number | undefined;
}

export interface Favorites {
  /** The newest first. */
  list: readonly Favorite[];
  isFavorite: (code: NamedCode) => boolean;
  /** Adds a code, or removes it. */
  toggle: (code: NamedCode) => void;
}

/** Pages that may not store anything keep favorites until they are closed. */
function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
/** Completions take room for their pictures: the browser keeps the newest that it has room for. */
function store(key: string, list: readonly unknown[]): void {
  for (let count = list.length; count >= 0; count--)
    try {
      return localStorage.setItem(key, JSON.stringify(list.slice(0, count)));
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'QuotaExceededError')) return;
    }
}

/** @param run that the favorites belong to */
export function useFavorites(model: ExplorableModel, run: string): Favorites {
  const key = `agenet favorites of ${run}`;
  const [list, setList] = useState<readonly Favorite[]>(() => readFavorites(model, stored(key)));
  useEffect(() => {
    const onStorage = (event: StorageEvent): void => {
      if (event.key === key) setList(readFavorites(model, event.newValue));
    };
    addEventListener('storage', onStorage);
    return () => removeEventListener('storage', onStorage);
  }, [model]);
  return {
    list,
    isFavorite: (code) => list.some((each) => isSame(each, code)),
    toggle: (code) => {
      const others = list.filter((each) => !isSame(each, code));
      const next =
        others.length < list.length ? others : [{ ...code, step: model.step }, ...others].slice(0, MAX_FAVORITES);
      setList(next);
      store(
        key,
        next.map((each) => ({ ...encodeCode(model, each), iteration: each.step })),
      );
    },
  };
}

/** Reads stored favorites that fit the model. */
export function readFavorites(model: ExplorableModel, text: string | null): Favorite[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(found)) return [];
    return found.flatMap((json: unknown) => {
      const code = decodeCode(model, json);
      const { iteration } = (json ?? {}) as Record<string, unknown>;
      return code ? [{ ...code, step: typeof iteration === 'number' ? iteration : undefined }] : [];
    });
  } catch {
    return [];
  }
}

const isSame = (a: NamedCode, b: NamedCode): boolean =>
  isSameArray(a.code, b.code) && isSameArray(a.condition, b.condition);
