/** The state of the view in its address, such as `tab=map&seed=3&layout=umap`. */
import type { MapMethod } from '../../../src/model/codeMap.js';
import { LARGEST_SEED } from '../../../src/random.js';

export const TABS = {
  samples: 'Samples',
  images: 'Your images',
  walk: 'Walk',
  plane: 'Plane',
  neighbors: 'Neighbors',
  attributes: 'Attributes',
  map: 'Map',
} as const;
export type TabName = keyof typeof TABS;

/** The part of the map that is visible. */
export interface MapView {
  /** The center, in units of the map: both axes are 0 to 1. */
  x: number;
  y: number;
  /** 1 shows the whole map. */
  zoom: number;
}

export interface ExploreSettings {
  tab: TabName;
  /** Of the samples. */
  seed: number;
  /** The class of samples of a conditional model; null for any. */
  label: number | null;
  /** Attributes of samples of a model that is conditioned on them; any others are left open. */
  attributes: Readonly<Record<string, string>>;
  /** Whether samples are reconstructed; null as by default. */
  isRefined: boolean | null;
  layout: MapMethod;
  view: MapView;
}

export const WHOLE_MAP: MapView = { x: 0.5, y: 0.5, zoom: 1 };
export const MAX_ZOOM = 64;
const DEFAULTS: ExploreSettings = {
  tab: 'samples',
  seed: 0,
  label: null,
  attributes: {},
  isRefined: null,
  layout: 'pca',
  view: WHOLE_MAP,
};

/** Reads a query. Invalid values have their defaults. */
export function parseSettings(query: string): ExploreSettings {
  const entries = new URLSearchParams(query);
  const [tab, seed, layout] = [
    entries.get('tab') ?? '',
    Number(entries.get('seed') ?? DEFAULTS.seed),
    entries.get('layout'),
  ];
  return {
    tab: Object.hasOwn(TABS, tab) ? (tab as TabName) : DEFAULTS.tab,
    seed: isSeed(seed) ? seed : DEFAULTS.seed,
    label: /^\d+$/u.test(entries.get('class') ?? '') ? Number(entries.get('class')) : null,
    attributes: Object.fromEntries(new URLSearchParams(entries.get('where') ?? '')),
    isRefined: { '0': false, '1': true }[entries.get('refine') ?? ''] ?? null,
    layout: layout === 'umap' ? layout : DEFAULTS.layout,
    view: parseView(entries.get('view') ?? ''),
  };
}

/**
 * Writes settings that differ from their defaults.
 * @param before the query so far, whose other entries, such as the step of the checkpoint, are kept
 */
export function formatSettings(settings: ExploreSettings, before = ''): string {
  const { tab, seed, label, attributes, isRefined, layout, view } = settings;
  const values = {
    tab: tab === DEFAULTS.tab ? '' : tab,
    seed: seed === DEFAULTS.seed ? '' : String(seed),
    class: label === null ? '' : String(label),
    where: new URLSearchParams(attributes).toString(),
    refine: isRefined === null ? '' : Number(isRefined).toString(),
    layout: layout === DEFAULTS.layout ? '' : layout,
    view: view.zoom === 1 ? '' : [view.x, view.y, view.zoom].map((value) => Number(value.toFixed(3))).join(' '),
  };
  const entries = new URLSearchParams(before);
  for (const [key, value] of Object.entries(values)) {
    if (value === '') entries.delete(key);
    else entries.set(key, value);
  }
  return entries.toString();
}

export const isSeed = (seed: number): boolean => Number.isInteger(seed) && seed >= 0 && seed <= LARGEST_SEED;

function parseView(text: string): MapView {
  const [x, y, zoom] = text.split(' ').map(Number);
  const isValid =
    [x, y].every((value) => value !== undefined && value >= 0 && value <= 1) &&
    zoom !== undefined &&
    zoom >= 1 &&
    zoom <= MAX_ZOOM;
  return isValid ? { x: x!, y: y!, zoom } : WHOLE_MAP;
}
