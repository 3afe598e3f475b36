/** The samples of `agenet sample` for a seed, and more as the visitor scrolls. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { drawSampleCodes } from '../../../src/density/codeDensity.js';
import { repeated } from '../../../src/numerics/features.js';
import { randomStream } from '../../../src/random.js';
import { conditionOfChoice } from '../conditions.js';
import { fileName } from '../files.js';
import { saveImages } from '../imageGrid.js';
import { type ImageShape, Tile } from '../images.js';
import { type Point, sampleOf, type SampleStyle, styleName } from '../networks.js';
import { SaveMenu } from '../saveMenu.js';
import type { Favorites } from './favorites.js';
import type { ExplorableModel, ExplorePanelProps } from './panel.js';
import { SampleSettings } from './sampleSettings.js';
import type { ExploreSettings } from './settings.js';
import { Star } from './star.js';
import { asPercent, type Typicality, useTypicality } from './typicality.js';

/** Samples per request. Even, because a random stream then gives the same codes in parts. */
const BATCH = 24;
/** Samples that appear at a time. */
const GROUP = 6;

export type SampleSet = Pick<ExploreSettings, 'seed' | 'label' | 'attributes' | 'isRefined' | 'truncation'>;

const setOf = ({ seed, label, attributes, isRefined, truncation }: SampleSet): SampleSet => ({
  seed,
  label,
  attributes,
  isRefined,
  truncation,
});

/** The name of a sample, and the index of a sample of this name in its set. */
const sampleName = (
  { networks }: ExplorableModel,
  index: number,
  { seed, label, attributes, isRefined, truncation }: SampleSet,
): string => {
  const chosen = Object.entries(attributes).map(([name, value]) => `, ${name} ${value}`);
  const ofClass = label === null ? '' : `, class ${label}`;
  const scaled = truncation === 1 ? '' : `, truncation ${truncation}`;
  const style = styleName(networks, isRefined ?? undefined);
  return `${style}sample ${index + 1} of seed ${seed}${ofClass}${chosen.join('')}${scaled}`;
};
const indexOfSample = (model: ExplorableModel, name: string, set: SampleSet): number | undefined => {
  const number = /^(?:one-pass |refined )?sample (\d+) of/u.exec(name)?.[1];
  return number !== undefined && name === sampleName(model, Number(number) - 1, set) ? Number(number) - 1 : undefined;
};

export interface SamplesProps extends ExplorePanelProps, SampleSet {
  onSettings: (changes: Partial<ExploreSettings>) => void;
}

export const Samples = (props: SamplesProps) => (
  <section class="samples" aria-label="Samples">
    <SampleSettings {...props} />
    <SamplesOfSet key={JSON.stringify(setOf(props))} {...props} />
  </section>
);

function SamplesOfSet(props: SamplesProps) {
  const { model, isActive, seed, isRefined, onFailure } = props;
  const { groups, empty, more } = useSamples(model, setOf(props), onFailure);
  const area = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const count = groups.length * GROUP;
  const isComplete = empty === 0;
  useEffect(() => {
    if (!isComplete || !isActive) return;
    // Observed again after each batch: with room left, the end may still be visible.
    const observer = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && more(),
      { root: area.current, rootMargin: '0px 0px 200px' },
    );
    observer.observe(end.current!);
    return () => observer.disconnect();
  }, [isComplete, isActive]);
  return (
    <>
      <div class="scroll" ref={area}>
        <SampleGrid {...props} groups={groups} empty={empty} />
        <div ref={end} class="end" />
      </div>
      <div class="toolbar">
        <button id="more" type="button" disabled={!isComplete} onClick={more}>
          More
        </button>
        <SaveMenu
          label="Save grid"
          disabled={count === 0}
          onFailure={onFailure}
          onSave={(format) =>
            saveImages(
              groups.flat().map(({ image }) => image),
              model.info.shape,
              format,
              fileName(
                model.info.name,
                `${count} ${styleName(model.networks, isRefined ?? undefined)}samples of seed ${seed}`,
              ),
            )
          }
        />
      </div>
    </>
  );
}

/** Generates samples of a set, a group at a time, and another batch after each call of `more`. */
function useSamples(model: ExplorableModel, set: SampleSet, onFailure: (error: unknown) => void) {
  const draw = useMemo(() => codeBatches(model, set), [model]);
  const [batches, setBatches] = useState(1);
  const [groups, setGroups] = useState<readonly (readonly Point[])[]>([]);
  const count = groups.length * GROUP;
  useEffect(() => {
    let isCurrent = true;
    const generate = async (): Promise<void> => {
      for (let first = count; first < batches * BATCH && isCurrent; first += GROUP) {
        const group = Array.from({ length: GROUP }, (_, index) =>
          sampleOf(model.networks, draw(first + index), styleOf(model, set)),
        );
        const generated = await Promise.all(group);
        if (isCurrent) setGroups((before) => [...before, generated]);
      }
    };
    void generate().catch(onFailure);
    return () => (isCurrent = false);
  }, [model, batches]);
  return { groups, empty: batches * BATCH - count, more: () => setBatches((before) => before + 1) };
}

interface SampleGridProps extends SamplesProps {
  groups: readonly (readonly Point[])[];
  /** Samples that are not generated yet. */
  empty: number;
}

/** Arrow keys move between samples, so that the tab key leaves them. */
function SampleGrid(props: SampleGridProps) {
  const { model, explored, onSelect, favorites, groups, empty } = props;
  const set = setOf(props);
  const typicality = useTypicality(model.networks.source, styleOf(model, set).condition);
  const [focused, setFocused] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const columns = getComputedStyle(grid.current!).gridTemplateColumns.split(' ').length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(groups.length * GROUP - 1, focused + step));
    setFocused(next);
    grid.current!.querySelectorAll<HTMLElement>('.tile')[next]!.focus();
  };
  const onTile = (point: Point, index: number): void => {
    setFocused(index);
    onSelect(point, sampleName(model, index, set));
  };
  return (
    <div
      id="samples"
      class="tiles"
      role="group"
      aria-label={`Samples of seed ${set.seed}; arrow keys move between them`}
      ref={grid}
      onKeyDown={onKeyDown}
    >
      {groups.map((points, index) => (
        <SampleGroup
          key={index}
          points={points}
          first={index * GROUP}
          shape={model.info.shape}
          typicality={typicality}
          favorites={favorites}
          nameOf={(at) => sampleName(model, at, set)}
          focused={focused}
          selected={explored && indexOfSample(model, explored.point.name, set)}
          onSelect={onTile}
        />
      ))}
      {Array.from({ length: empty }, (_, index) => (
        // The key is the position, so that an empty tile stays where it is until its sample takes its place.
        <div key={`empty ${groups.length * GROUP + index}`} class="tile" />
      ))}
    </div>
  );
}

interface SampleGroupProps {
  points: readonly Point[];
  /** The index of its first sample. */
  first: number;
  shape: ImageShape;
  typicality: Typicality | undefined;
  favorites: Favorites;
  nameOf: (index: number) => string;
  focused: number;
  selected: number | undefined;
  onSelect: (point: Point, index: number) => void;
}

/** There may be hundreds of groups, so a group is rendered again only if one of its tiles changes. */
function SampleGroup(props: SampleGroupProps) {
  const { points, first, shape, typicality, favorites, nameOf, focused, selected, onSelect } = props;
  const shares = useMemo(() => typicality && points.map(({ code }) => typicality(code)), [typicality, points]);
  const within = (index: number | undefined): number | undefined =>
    index !== undefined && index >= first && index < first + GROUP ? index : undefined;
  return useMemo(
    () => (
      <>
        {points.map((point, offset) => {
          const [index, share] = [first + offset, shares?.[offset]];
          return (
            <div key={index} class="place">
              <Tile
                point={point}
                shape={shape}
                label={`Sample ${index + 1}${share === undefined ? '' : `, typicality ${asPercent(share)}`}`}
                typicality={share}
                isSelected={index === selected}
                tabIndex={index === focused ? 0 : -1}
                onSelect={() => onSelect(point, index)}
              />
              <Star code={{ ...point, name: nameOf(index) }} favorites={favorites} tabIndex={-1} />
            </div>
          );
        })}
      </>
    ),
    [points, within(focused), within(selected), shares, favorites.list],
  );
}

/** Returns a function that draws the code [M] of a sample. */
function codeBatches(model: ExplorableModel, set: SampleSet): (index: number) => Float32Array {
  const { source } = model.networks;
  const { latentSize: latent } = source;
  const { condition } = styleOf(model, set);
  const y = condition && repeated(condition, BATCH);
  const stream = randomStream(set.seed, 'samples');
  const batches: Float32Array[] = [];
  return (index) => {
    while (batches.length <= index / BATCH) batches.push(drawSampleCodes(source, BATCH, stream, y, set.truncation));
    const start = (index % BATCH) * latent;
    return batches[Math.floor(index / BATCH)]!.slice(start, start + latent);
  };
}

const styleOf = ({ info }: ExplorableModel, { label, attributes, isRefined }: SampleSet): SampleStyle => ({
  isRefined: isRefined ?? undefined,
  condition: conditionOfChoice(info, { label, attributes }),
});

/** The first two samples of a seed. */
export async function firstSamples(model: ExplorableModel, settings: ExploreSettings) {
  const draw = codeBatches(model, settings);
  const sampleAt = async (index: number) => ({
    ...(await sampleOf(model.networks, draw(index), styleOf(model, settings))),
    name: sampleName(model, index, settings),
  });
  return [await sampleAt(0), await sampleAt(1)] as const;
}
