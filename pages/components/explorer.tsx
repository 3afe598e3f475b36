/** Explores a model on pages without an address for it. */
import { useMemo, useState } from 'preact/hooks';
import { Completions } from './completions.js';
import { isCompleting } from './conditions.js';
import { ExploreView } from './explore/exploreView.js';
import { PlaneMeaning } from './explore/plane.js';
import { parseSettings, SHELVES, TOOLS } from './explore/settings.js';
import type { ModelInfo, Networks } from './networks.js';

interface ExplorerProps {
  model: ModelInfo;
  /** Undefined while they are loaded. */
  networks: Networks | undefined;
  /** Called when the first samples are shown. */
  onReady?: () => void;
  onFailure: (error: unknown) => void;
}

export function Explorer({ model, networks, onReady, onFailure }: ExplorerProps) {
  const [settings, setSettings] = useState(() => parseSettings(''));
  const explored = useMemo(() => networks && { info: model, networks }, [model, networks]);
  if (isCompleting(model))
    return <Completions model={model} networks={networks} onReady={onReady} onFailure={onFailure} />;
  if (!explored) return <Skeleton />;
  return (
    <ExploreView
      model={explored}
      run={model.name}
      settings={settings}
      onSettings={(changes) => setSettings((before) => ({ ...before, ...changes }))}
      onReady={onReady}
      onFailure={onFailure}
    />
  );
}

/** Panels that need images of the data. */
const OF_DATA: readonly string[] = ['neighbors', 'attributes', 'map'];

const TabNames = ({ names, hasData }: { names: Readonly<Record<string, string>>; hasData: boolean }) => (
  <div class="tabs">
    {Object.keys(names)
      .filter((key) => hasData || !OF_DATA.includes(key))
      .map((key) => (
        <button key={key} type="button" role="tab">
          {names[key]}
        </button>
      ))}
  </div>
);

/** Has the size of the view, so that nothing moves when the model is loaded. */
export const Skeleton = ({ hasData = false }) => (
  <div class="explore-columns" inert>
    <div class="card shelves">
      <TabNames names={SHELVES} hasData={hasData} />
      <div class="panel">
        <div class="toolbar frame" />
        <div class="sample-style frame" />
        <div class="scroll">
          <div class="tiles">
            {Array.from({ length: 24 }, (_, index) => (
              <div key={index} class="tile" />
            ))}
          </div>
        </div>
      </div>
    </div>
    <div class="card selection-panel">
      <div class="selected-image frame" />
    </div>
    <div class="card tools">
      <TabNames names={TOOLS} hasData={hasData} />
      <div class="panel">
        <PlaneMeaning />
        <div class="plane-pad frame" />
      </div>
    </div>
  </div>
);
