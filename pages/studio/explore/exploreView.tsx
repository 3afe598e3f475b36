/** The view of a loaded model: the selected image, and tabs to select others and to explore around it. */
import { useEffect } from 'preact/hooks';
import { Tabs } from '../../components/tabs.js';
import { VisitorImages } from '../../components/visitorImages.js';
import { Attributes } from './attributes.js';
import type { DataState } from './data.js';
import { EndlessSamples, firstSamples } from './endlessSamples.js';
import { MapPanel } from './mapPanel.js';
import type { ExploredModel } from './model.js';
import { Neighbors } from './neighbors.js';
import { Plane } from './plane.js';
import { SelectedImage } from './selectedImage.js';
import { useSelection } from './selection.js';
import { type ExploreSettings, type TabName, TABS, WHOLE_MAP } from './settings.js';
import { WalkPanel } from './walkPanel.js';

interface ExploreViewProps {
  model: ExploredModel;
  data: DataState;
  settings: ExploreSettings;
  onSettings: (changes: Partial<ExploreSettings>) => void;
  onFailure: (error: unknown) => void;
}

export function ExploreView({ model, data, settings, onSettings, onFailure }: ExploreViewProps) {
  const { selection, onSelect, onCode, onImage, onFirst, onSide } = useSelection(model.networks, onFailure);
  const selected = selection.point;
  useEffect(() => {
    const begin = async (): Promise<void> => {
      onFirst(await firstSamples(model, settings, 2));
      // With separate running statistics, what decodes codes at a distance is compiled now instead of when the visitor
      // drags.
      await model.networks.generate({ code: new Float32Array(model.info.latent).fill(1), distance: 0.5 });
    };
    begin().catch(onFailure);
  }, [model]);
  const panel = (tab: TabName) => ({
    model,
    data,
    selected,
    onSelect,
    onCode,
    onImage,
    onFailure,
    isActive: tab === settings.tab,
  });
  const panels = {
    samples: (
      <EndlessSamples
        {...panel('samples')}
        seed={settings.seed}
        label={settings.label}
        attributes={settings.attributes}
        isRefined={settings.isRefined}
        onSettings={onSettings}
      />
    ),
    images: (
      <VisitorImages
        model={model.info}
        networks={model.networks}
        onSelect={onSelect}
        onFailure={onFailure}
        purpose=""
        onFiles={() => onSettings({ tab: 'images' })}
      />
    ),
    // Without a panel that is visible, no walk is computed.
    walk: settings.tab === 'walk' && (
      <WalkPanel model={model} ends={selection.ends} onSide={onSide} onFailure={onFailure} />
    ),
    plane: <Plane {...panel('plane')} />,
    neighbors: <Neighbors {...panel('neighbors')} />,
    attributes: <Attributes {...panel('attributes')} />,
    map: (
      <MapPanel
        {...panel('map')}
        layout={settings.layout}
        onLayout={(layout) => onSettings({ layout, view: WHOLE_MAP })}
        view={settings.view}
        onView={(view) => onSettings({ view })}
      />
    ),
  };
  return (
    <div class="explore-columns">
      <SelectedImage model={model} point={selected} onFailure={onFailure} />
      <div class="panels">
        <Tabs
          label="Ways to explore"
          tabs={(Object.keys(TABS) as TabName[]).map((key) => ({ key, name: TABS[key], panel: panels[key] }))}
          selected={settings.tab}
          onSelect={(tab) => onSettings({ tab })}
        />
      </div>
    </div>
  );
}
