/** The state of the view in its address, such as `tab=images&tool=map&seed=3`. */
import type { MapMethod } from '../../../src/model/codeMap.js';
import { LARGEST_SEED } from '../../../src/random.js';

/** Where images are selected from. */
export const SHELVES = {
  samples: 'Samples',
  images: 'Your images',
  neighbors: 'Neighbors',
  favorites: 'Favorites',
} as const;
export type Shelf = keyof typeof SHELVES;

/** What changes the selected image. */
export const TOOLS = { plane: 'Plane', mix: 'Mix and walk', attributes: 'Attributes', map: 'Map' } as const;
export type ToolName = keyof typeof TOOLS;

/** The part of the map that is visible. */
export interface MapView {
  /** The center, in units of the map: both axes are 0 to 1. */
  x: number;
  y: number;
  /** 1 shows the whole map. */
  zoom: number;
}

export interface ExploreSettings {
  shelf: Shelf;
  tool: ToolName;
  /** Of the samples. */
  seed: number;
  /** The class of samples of a conditional model; null for any. */
  label: number | null;
  /** Attributes of samples of a model that is conditioned on them; any others are left open. */
  attributes: Readonly<Record<string, string>>;
  /** Whether samples are reconstructed; null as by default. */
  isRefined: boolean | null;
  /** Of samples of the density. */
  truncation: number;
  layout: MapMethod;
  view: MapView;
}

export const WHOLE_MAP: MapView = { x: 0.5, y: 0.5, zoom: 1 };
export const MAX_ZOOM = 64;
export const MAX_TRUNCATION = 1.5;
const DEFAULTS: ExploreSettings = {
  shelf: 'samples',
  tool: 'plane',
  seed: 0,
  label: null,
  attributes: {},
  isRefined: null,
  truncation: 1,
  layout: 'pca',
  view: WHOLE_MAP,
};

/** Reads a query. Invalid values have their defaults. */
export function parseSettings(query: string): ExploreSettings {
  const entries = new URLSearchParams(query);
  const entry = (key: string): string => entries.get(key) ?? '';
  const [shelf, tool, seed] = [entry('tab'), entry('tool'), Number(entry('seed'))];
  return {
    shelf: Object.hasOwn(SHELVES, shelf) ? (shelf as Shelf) : DEFAULTS.shelf,
    tool: Object.hasOwn(TOOLS, tool) ? (tool as ToolName) : DEFAULTS.tool,
    seed: isSeed(seed) ? seed : DEFAULTS.seed,
    label: /^\d+$/u.test(entry('class')) ? Number(entry('class')) : null,
    attributes: Object.fromEntries(new URLSearchParams(entry('where'))),
    isRefined: { '0': false, '1': true }[entry('refine')] ?? null,
    truncation: parseTruncation(entry('truncation')),
    layout: entry('layout') === 'umap' ? 'umap' : DEFAULTS.layout,
    view: parseView(entry('view')),
  };
}

/**
 * Writes settings that differ from their defaults.
 * @param before the query so far, whose other entries, such as the step of the checkpoint, are kept
 */
export function formatSettings(settings: ExploreSettings, before = ''): string {
  const { shelf, tool, seed, label, attributes, isRefined, truncation, layout, view } = settings;
  const values = {
    tab: shelf === DEFAULTS.shelf ? '' : shelf,
    tool: tool === DEFAULTS.tool ? '' : tool,
    seed: seed === DEFAULTS.seed ? '' : String(seed),
    class: label === null ? '' : String(label),
    where: new URLSearchParams(attributes).toString(),
    refine: isRefined === null ? '' : Number(isRefined).toString(),
    truncation: truncation === DEFAULTS.truncation ? '' : String(truncation),
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

function parseTruncation(text: string): number {
  const value = Number(text);
  return text !== '' && value >= 0 && value <= MAX_TRUNCATION ? value : DEFAULTS.truncation;
}

function parseView(text: string): MapView {
  const [x, y, zoom] = text.split(' ').map(Number);
  const isValid =
    [x, y].every((value) => value !== undefined && value >= 0 && value <= 1) &&
    zoom !== undefined &&
    zoom >= 1 &&
    zoom <= MAX_ZOOM;
  return isValid ? { x: x!, y: y!, zoom } : WHOLE_MAP;
}
