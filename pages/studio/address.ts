/** Addresses of the page: `#/`, `#/run/mnist-1?smoothing=0.6`, `#/explore/mnist-1`, `#/compare?runs=a%0Ab`, `#/start`. */
import { useLayoutEffect, useState } from 'preact/hooks';

export interface Address {
  view: string;
  /** The run that the view shows, if it shows one. */
  run: string;
  query: string;
}

export function parseAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#\/?/u, '').split('?');
  const [view = '', run = ''] = path.split('/');
  return { view, run: decoded(run), query };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

export function addressOf(view: string, run = '', query: Record<string, string> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${view}${run === '' ? '' : `/${encodeURIComponent(run)}`}${text === '' ? '' : `?${text}`}`;
}

/** The address, and a function that replaces its query without a new entry in the history. */
export function useAddress(): [Address, (query: string) => void] {
  const [address, setAddress] = useState(() => parseAddress(location.hash));
  useLayoutEffect(() => {
    const onChange = (): void => setAddress(parseAddress(location.hash));
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  const setQuery = (query: string): void => {
    const { view, run } = parseAddress(location.hash);
    history.replaceState(null, '', addressOf(view, run) + (query === '' ? '' : `?${query}`));
    setAddress({ view, run, query });
  };
  return [address, setQuery];
}

/** A value in a query, and a function that replaces it. The default is left out. */
export function queryValue(
  query: string,
  onQuery: (query: string) => void,
  name: string,
  fallback = '',
): [string, (value: string) => void] {
  const set = (value: string): void => {
    const values = new URLSearchParams(parseAddress(location.hash).query);
    if (value === fallback) values.delete(name);
    else values.set(name, value);
    onQuery(values.toString());
  };
  return [new URLSearchParams(query).get(name) ?? fallback, set];
}

/** As many as the server sends new entries of. */
export const MAX_RUNS = 20;

/** Runs in a query. IDs contain no line break. */
export const parseRuns = (text: string): string[] => text.split('\n').filter((id) => id !== '');
export const formatRuns = (ids: readonly string[]): string => ids.join('\n');
