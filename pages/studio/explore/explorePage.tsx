/** Explores a trained model. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.js';
import { Completions } from '../../components/completions.js';
import { isCompleting } from '../../components/conditions.js';
import { keepFiles } from '../../components/files.js';
import { type ExploreData, useEncodedData } from './data.js';
import './explore.css';
import { ExploreView } from './exploreView.js';
import { type ExploredModel, loadExploredModel } from './model.js';
import { type ExploreSettings, formatSettings, parseSettings } from './settings.js';

/** A model to explore. A different object is loaded again. */
export interface ExploreSource {
  /** Such as "mnist-1, iteration 2000". */
  name: string;
  /** Returns the bytes of a `.safetensors` checkpoint. */
  loadCheckpoint: () => Promise<Uint8Array>;
  /** Returns some images of the data that the run was trained on, up to about 1000, preferably held out. */
  loadData: () => Promise<ExploreData>;
}

export interface ExploreProps {
  source: ExploreSource;
  /** Query of the address, such as `seed=3&tab=map`. */
  query: string;
  /** Replaces the query of the address. */
  onQuery: (query: string) => void;
}

interface Status {
  text: string;
  isFailure: boolean;
}

export function ExplorePage({ source, query, onQuery }: ExploreProps) {
  const [model, setModel] = useState<ExploredModel>();
  const [status, setStatus] = useState<Status>({ text: '', isFailure: false });
  // Failures of a model that is no longer shown are not reported.
  const shown = useRef<ExploredModel | undefined>(undefined);
  shown.current = model;
  const fail = (error: unknown): void => setStatus({ text: messageOf(error), isFailure: true });
  useEffect(keepFiles, []);
  useEffect(() => {
    let isCurrent = true;
    let loaded: ExploredModel | undefined;
    shown.current = undefined;
    setModel(undefined);
    setStatus({ text: `Loading ${source.name}…`, isFailure: false });
    const load = async (): Promise<void> => {
      loaded = await loadExploredModel(source.name, await source.loadCheckpoint());
      if (!isCurrent) return loaded.release();
      setModel(loaded);
      setStatus({ text: '', isFailure: false });
    };
    load().catch((error: unknown) => isCurrent && fail(error));
    return () => {
      isCurrent = false;
      loaded?.release();
    };
  }, [source]);
  const data = useEncodedData(model, source.loadData);
  const [settings, onSettings] = useSettings(query, onQuery);
  return (
    <div class="explore-view">
      <div class="model-facts">
        <p>
          {/* A space, so that the line has its height. */}
          <strong>{source.name}</strong> {model?.info.summary ?? '\u00a0'}
        </p>
        <p id="status" role="status" class={status.isFailure ? 'failed' : ''}>
          {status.text}
        </p>
      </div>
      {model && isCompleting(model.info) ? (
        <Completions model={model.info} networks={model.networks} onFailure={fail} />
      ) : model ? (
        <ExploreView
          model={model}
          data={data}
          settings={settings}
          onSettings={onSettings}
          onFailure={(error) => shown.current === model && fail(error)}
        />
      ) : (
        <div class="explore-columns" aria-hidden="true" />
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
