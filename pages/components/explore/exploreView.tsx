/** The view of a model: images to select from, the selected image, and tools that change it. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { fittingChoice } from '../conditions.js';
import { Tabs } from '../tabs.js';
import { VisitorImages } from '../visitorImages.js';
import { ConditionFields, hasConditionFields } from './conditionFields.js';
import { useExplored } from './explored.js';
import { useFavorites } from './favorites.js';
import { FavoritesPanel } from './favoritesPanel.js';
import { Mix } from './mix.js';
import type { ExplorableModel, ExplorePanelProps } from './panel.js';
import { Plane } from './plane.js';
import { firstSamples, Samples } from './samples.js';
import { SelectedImage } from './selectedImage.js';
import { type ExploreSettings, type Shelf, SHELVES, type ToolName, TOOLS } from './settings.js';

/** Panels that need images of the data. */
export interface DataPanels {
  neighbors: (props: ExplorePanelProps) => ComponentChildren;
  /** Sliders below the condition. */
  directions: (props: ExplorePanelProps) => ComponentChildren;
  map: (props: ExplorePanelProps) => ComponentChildren;
}

interface ExploreViewProps {
  model: ExplorableModel;
  /** That favorites belong to. */
  run: string;
  settings: ExploreSettings;
  onSettings: (changes: Partial<ExploreSettings>) => void;
  /** Called when there is a sample. */
  onReady?: (() => void) | undefined;
  onFailure: (error: unknown) => void;
  dataPanels?: DataPanels;
}

export function ExploreView(props: ExploreViewProps) {
  const { model, run, onSettings, onReady, onFailure, dataPanels } = props;
  const settings = { ...props.settings, ...fittingChoice(model.info, props.settings) };
  const { explored, image, toolOf, select, begin, chooseSide, undo, redo } = useExplored(model.networks, onFailure);
  const favorites = useFavorites(model, run);
  useEffect(() => {
    const start = async (): Promise<void> => {
      begin(...(await firstSamples(model, settings)));
      onReady?.();
      // With separate running statistics, what decodes codes at a distance is compiled now instead of when the visitor
      // drags.
      await model.networks.generate({ code: new Float32Array(model.info.latent).fill(1), distance: 0.5 });
    };
    start().catch(onFailure);
  }, [model]);
  const panel = (isActive: boolean): ExplorePanelProps => ({
    model,
    isActive,
    explored,
    toolOf,
    select,
    onSelect: (point, name) => select({ ...point, name }),
    favorites,
    onFailure,
  });
  const shelf = (key: Shelf): ExplorePanelProps => panel(key === settings.shelf);
  const tool = (key: ToolName): ExplorePanelProps => panel(key === settings.tool);
  const shelves: Partial<Record<Shelf, ComponentChildren>> = {
    samples: <Samples {...shelf('samples')} {...settings} onSettings={onSettings} />,
    images: (
      <VisitorImages
        {...shelf('images')}
        model={model.info}
        networks={model.networks}
        onFiles={() => onSettings({ shelf: 'images' })}
      />
    ),
    neighbors: dataPanels?.neighbors(shelf('neighbors')),
    favorites: <FavoritesPanel {...shelf('favorites')} />,
  };
  const tools: Partial<Record<ToolName, ComponentChildren>> = {
    plane: <Plane {...tool('plane')} />,
    mix: <Mix {...tool('mix')} onSide={chooseSide} />,
    attributes: attributesPanel(tool('attributes'), dataPanels),
    map: dataPanels?.map(tool('map')),
  };
  return (
    <div class="explore-columns">
      <div class="card shelves">
        <Tabs
          label="Images to select"
          tabs={tabsOf({ ...SHELVES, favorites: favoritesName(favorites.list.length) }, shelves)}
          selected={shelves[settings.shelf] ? settings.shelf : 'samples'}
          onSelect={(key) => onSettings({ shelf: key })}
        />
      </div>
      <SelectedImage
        model={model}
        point={explored?.point}
        image={image}
        favorites={favorites}
        undo={undo}
        redo={redo}
        onFailure={onFailure}
      />
      <div class="card tools">
        <Tabs
          label="Tools"
          tabs={tabsOf(TOOLS, tools)}
          selected={tools[settings.tool] ? settings.tool : 'plane'}
          onSelect={(key) => onSettings({ tool: key })}
        />
      </div>
    </div>
  );
}

function attributesPanel(props: ExplorePanelProps, dataPanels: DataPanels | undefined): ComponentChildren {
  const hasFields = hasConditionFields(props.model);
  if (!hasFields && !dataPanels) return undefined;
  return (
    <>
      {hasFields && <ConditionFields {...props} />}
      {dataPanels?.directions(props)}
    </>
  );
}

const favoritesName = (count: number): string => (count === 0 ? SHELVES.favorites : `${SHELVES.favorites} (${count})`);

const tabsOf = <Key extends string>(
  names: Readonly<Record<Key, string>>,
  panels: Partial<Record<Key, ComponentChildren>>,
) =>
  (Object.keys(names) as Key[])
    .filter((key) => panels[key])
    .map((key) => ({ key, name: names[key], panel: panels[key] }));
