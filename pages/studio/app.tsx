/** The views of the studio, which share the runs, the connection and messages of problems. */
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../src/errors.js';
import { useAddress } from './address.js';
import { loadLabels } from './labels.js';
import { useRuns } from './live.js';
import { Notifications, titleWithState } from './notifications.js';
import { NotFoundPage } from './notFoundPage.js';
import { RunsPage } from './runs/runsPage.js';
import type { ViewProps } from './view.js';

const NOT_FOUND = 'not found';
/** Views of a run, whose addresses name it. */
const OF_A_RUN: readonly string[] = ['run', 'explore'];

/** The list is part of the first script; other views load on demand. */
const VIEWS: Record<string, () => Promise<ComponentType<ViewProps>>> = {
  '': () => Promise.resolve(RunsPage),
  run: async () => (await import('./run/runPage.js')).RunPage,
  compare: async () => (await import('./compare/comparePage.js')).ComparePage,
  start: async () => (await import('./start/startPage.js')).StartPage,
  explore: async () => (await import('./explorePage.js')).StudioExplorePage,
  [NOT_FOUND]: () => Promise.resolve(NotFoundPage),
};

const TITLES: Record<string, string> = {
  '': 'Runs',
  [NOT_FOUND]: 'Page not found',
  start: 'Start a run',
  compare: 'Comparison',
  explore: 'Explore',
};

const titleOf = (view: string, run: string): string =>
  [...[TITLES[view] ?? ''].filter(Boolean), ...[run].filter(Boolean), 'agenet studio'].join(' - ');

export function App() {
  const [{ view, run, query }, setQuery] = useAddress();
  const { runs, state } = useRuns();
  const hasLabels = useLabels();
  const [View, setView] = useState<{ name: string; Component: ComponentType<ViewProps> }>({
    name: '',
    Component: RunsPage,
  });
  const [problem, setProblem] = useState('');
  const fail = (error: unknown): void => setProblem(messageOf(error));
  const isKnown = Object.hasOwn(VIEWS, view) && (run !== '') === OF_A_RUN.includes(view);
  const name = isKnown ? view : NOT_FOUND;
  useEffect(() => {
    let isLatest = true;
    setProblem('');
    VIEWS[name]!().then(
      (Component) => isLatest && setView({ name, Component }),
      () => isLatest && setProblem('A part of the page cannot be loaded; reload it.'),
    );
    return () => {
      isLatest = false;
    };
    // Once the server is back, a view that failed to load is tried again.
  }, [name, run, state === 'live']);
  const title = titleWithState(titleOf(name, run), run === '' ? undefined : runs.get(run), runs);
  useEffect(() => {
    document.title = title;
  }, [title]);
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
      <Header view={name} runs={runs} state={state} />
      <main ref={main} tabIndex={-1}>
        {problem && (
          <p id="app-problem" role="alert" class="toast failed">
            {problem}
            <button type="button" class="quiet" aria-label="Dismiss" onClick={() => setProblem('')}>
              ✕
            </button>
          </p>
        )}
        {View.name === name && hasLabels && (state !== 'connecting' || name === 'start') && (
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

/** Whether labels are there, or cannot be read. */
function useLabels(): boolean {
  const [isSettled, setIsSettled] = useState(false);
  useEffect(
    () =>
      void loadLabels().then(
        () => setIsSettled(true),
        () => setIsSettled(true),
      ),
    [],
  );
  return isSettled;
}

function Header({ view, runs, state }: Pick<ViewProps, 'runs' | 'state'> & { view: string }) {
  return (
    <header class="site-header">
      <a class="title" href="#/">
        <img src="./icon.svg" width="22" height="22" alt="" /> agenet studio
      </a>
      <nav class="parts" aria-label="Views">
        <a href="#/" aria-current={view === '' ? 'page' : view !== 'start' && view !== NOT_FOUND ? 'true' : undefined}>
          Runs
        </a>
        <a href="#/start" aria-current={view === 'start' ? 'page' : undefined}>
          Start a run
        </a>
      </nav>
      <p role="status" class="connection failed grow">
        {state === 'behind' && 'Connection lost: data may be outdated. Reconnecting…'}
        {state === 'refused' && 'The studio has another token now: open the URL that it printed.'}
      </p>
      <Notifications runs={runs} />
    </header>
  );
}
