/** Explores a trained model. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.js';
import { Completions } from '../../components/completions.js';
import { isCompleting } from '../../components/conditions.js';
import { keepFiles } from '../../components/files.js';
import { type ExploreData, useEncodedData } from './data.js';
import { type DataPanels, ExploreView } from '../../components/explore/exploreView.js';
import { type ExploreSettings, formatSettings, parseSettings, WHOLE_MAP } from '../../components/explore/settings.js';
import { Skeleton } from '../../components/explorer.js';
import { Directions } from './directions.js';
import './explore.css';
import { MapPanel } from './mapPanel.js';
import { type ExploredModel, loadExploredModel } from './model.js';
import { Neighbors } from './neighbors.js';

/** A model to explore. A different object is loaded again. */
export interface ExploreSource {
  /** Such as "mnist-1, iteration 2000". */
  name: string;
  /** That favorites belong to. */
  run: string;
  /** Returns the bytes of a `.safetensors` checkpoint. */
  loadCheckpoint: () => Promise<Uint8Array>;
  /** Returns some images of the data that the run was trained on, up to about 1000, preferably held out. */
  loadData: () => Promise<ExploreData>;
  /** The command for a studio that offers the data, if this one does not (default: it does). */
  offer?: string | null;
}

export interface ExploreProps {
  /** Undefined until it is known. */
  source: ExploreSource | undefined;
  /** Why there is none. */
  problem?: string | undefined;
  /** The title. */
  children?: ComponentChildren;
  /** Query of the address, such as `seed=3&tab=map`. */
  query: string;
  /** Replaces the query of the address. */
  onQuery: (query: string) => void;
}

interface Status {
  text: string;
  isFailure: boolean;
}

export function ExplorePage({ source, problem, query, onQuery, children }: ExploreProps) {
  const [model, setModel] = useState<ExploredModel>();
  const [status, setStatus] = useState<Status>({ text: '', isFailure: false });
  // Failures of a model that is no longer shown are not reported.
  const shown = useRef<ExploredModel | undefined>(undefined);
  shown.current = model;
  const endStatus = (): void => setStatus({ text: '', isFailure: false });
  const fail = (error: unknown): void => setStatus({ text: messageOf(error), isFailure: true });
  useEffect(keepFiles, []);
  useEffect(() => {
    let isCurrent = true;
    let loaded: ExploredModel | undefined;
    shown.current = undefined;
    setModel(undefined);
    if (!source) return;
    setStatus({ text: 'Loading the checkpoint…', isFailure: false });
    const load = async (): Promise<void> => {
      loaded = await loadExploredModel(source.name, await source.loadCheckpoint());
      if (!isCurrent) return loaded.release();
      setModel(loaded);
      setStatus({ text: 'Generating the first samples…', isFailure: false });
    };
    load().catch((error: unknown) => isCurrent && fail(error));
    return () => {
      isCurrent = false;
      loaded?.release();
    };
  }, [source]);
  const data = useEncodedData(model, source);
  const [settings, onSettings] = useSettings(query, onQuery);
  const dataPanels: DataPanels = {
    neighbors: (panel) => <Neighbors {...panel} data={data} />,
    directions: (panel) => <Directions {...panel} data={data} />,
    map: (panel) => (
      <MapPanel
        {...panel}
        data={data}
        layout={settings.layout}
        onLayout={(layout) => onSettings({ layout, view: WHOLE_MAP })}
        view={settings.view}
        onView={(view) => onSettings({ view })}
      />
    ),
  };
  return (
    <div class="explore-view">
      <div class="explore-header row">
        {children}
        <p id="status" role="status" class={`grow ${status.isFailure ? 'failed' : 'meaning'}`}>
          {status.text || model?.info.summary}
        </p>
      </div>
      {problem !== undefined ? (
        <p class="empty">{problem}</p>
      ) : model && isCompleting(model.info) ? (
        <Completions model={model.info} networks={model.networks} onReady={endStatus} onFailure={fail} />
      ) : model && source ? (
        <ExploreView
          model={model}
          run={source.run}
          dataPanels={dataPanels}
          settings={settings}
          onSettings={onSettings}
          onReady={endStatus}
          onFailure={(error) => shown.current === model && fail(error)}
        />
      ) : (
        <Skeleton hasData />
      )}
    </div>
  );
}

/** The settings in the address. Each follows the other. */
function useSettings(
  query: string,
  onQuery: (query: string) => void,
): [ExploreSettings, (changes: Partial<ExploreSettings>) => void] {
  const [settings, setSettings] = useState(() => parseSettings(query));
  const current = useRef({ settings, query, onQuery });
  current.current.onQuery = onQuery;
  useEffect(() => {
    if (query === current.current.query) return;
    Object.assign(current.current, { settings: parseSettings(query), query });
    setSettings(current.current.settings);
  }, [query]);
  const change = (changes: Partial<ExploreSettings>): void => {
    const changed = { ...current.current.settings, ...changes };
    Object.assign(current.current, { settings: changed, query: formatSettings(changed, current.current.query) });
    setSettings(changed);
    current.current.onQuery(current.current.query);
  };
  return [settings, change];
}
