/** The views of the studio, and what they share: the runs, the connection and messages of problems. */
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ListedRun } from '../../src/studio/schemas.js';
import { messageOf } from '../../src/errors.js';
import { useAddress } from './address.js';
import { useRuns } from './live.js';
import { RunsPage } from './runs/runsPage.js';

/** Properties of every view. */
export interface ViewProps {
  /** The run in the address; empty if it has none. */
  readonly run: string;
  readonly query: string;
  /** Replaces the query of the address. */
  readonly onQuery: (query: string) => void;
  readonly runs: ReadonlyMap<string, ListedRun>;
  readonly state: 'connecting' | 'live' | 'behind';
  readonly onFailure: (error: unknown) => void;
}

/** The list is part of the first script; other views are loaded when they are opened. */
const VIEWS: Readonly<Record<string, () => Promise<ComponentType<ViewProps>>>> = {
  '': () => Promise.resolve(RunsPage),
  run: async () => (await import('./run/runPage.js')).RunPage,
  compare: async () => (await import('./runs/comparePage.js')).ComparePage,
  start: async () => (await import('./start/startPage.js')).StartPage,
  explore: async () => (await import('./explorePage.js')).StudioExplorePage,
};

const TITLES: Readonly<Record<string, string>> = {
  '': 'Runs',
  start: 'Start a run',
  compare: 'Comparison',
  explore: 'Explore',
};

const titleOf = (view: string, run: string): string =>
  [...[TITLES[view] ?? ''].filter(Boolean), ...[run].filter(Boolean), 'agenet studio'].join(' - ');

export function App() {
  const [{ view, run, query }, setQuery] = useAddress();
  const { runs, state } = useRuns();
  const [View, setView] = useState<{ readonly name: string; readonly Component: ComponentType<ViewProps> }>({
    name: '',
    Component: RunsPage,
  });
  const [problem, setProblem] = useState('');
  const fail = (error: unknown): void => setProblem(messageOf(error));
  const name = Object.hasOwn(VIEWS, view) ? view : '';
  useEffect(() => {
    let isLatest = true;
    setProblem('');
    document.title = titleOf(name, run);
    VIEWS[name]!().then(
      (Component) => isLatest && setView({ name, Component }),
      () => isLatest && setProblem('A part of the page cannot be loaded; reload it.'),
    );
    return () => {
      isLatest = false;
    };
    // Once the server is back, what failed is tried again.
  }, [name, run, state === 'behind']);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (View.name !== name) return;
    if (!isFirst.current) {
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [View.name === name, name, run]);
  return (
    <>
      <header class="studio-header">
        <a class="title" href="#/">
          agenet studio
        </a>
        <nav aria-label="Views">
          <a href="#/" aria-current={name === '' ? 'page' : undefined}>
            Runs
          </a>
          <a href="#/start" aria-current={name === 'start' ? 'page' : undefined}>
            Start a run
          </a>
        </nav>
        <p role="status" class="connection">
          {state === 'behind' ? 'Connection lost: data may be outdated. Reconnecting…' : ''}
        </p>
      </header>
      <main ref={main} tabIndex={-1}>
        {problem && (
          <p id="app-problem" role="alert" class="failed">
            {problem}{' '}
            <button type="button" onClick={() => setProblem('')}>
              Dismiss
            </button>
          </p>
        )}
        {View.name === name && (state !== 'connecting' || name === 'start') && (
          <View.Component
            key={`${name} ${run}`}
            run={run}
            query={query}
            onQuery={setQuery}
            runs={runs}
            state={state}
            onFailure={fail}
          />
        )}
      </main>
    </>
  );
}
