/** The samples of `agenet sample` for a seed, and more as the visitor scrolls. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { drawSampleCodes } from '../../../src/density/codeDensity.js';
import { repeated } from '../../../src/numerics/features.js';
import { randomStream } from '../../../src/random.js';
import { AttributeFields } from '../../components/attributeFields.js';
import { ClassSelect } from '../../components/classSelect.js';
import { fileName } from '../../components/files.js';
import { saveImages } from '../../components/imageGrid.js';
import { type ImageShape, Tile } from '../../components/images.js';
import { conditionOfChoice } from '../../components/conditions.js';
import { isRefinedByDefault, type Point, sampleOf, type SampleStyle, styleName } from '../../components/networks.js';
import { RefineBox } from '../../components/refineBox.js';
import { SaveButtons } from '../../components/saveButtons.js';
import type { ExploredModel } from './model.js';
import type { ExplorePanelProps } from './panel.js';
import { type ExploreSettings, isSeed } from './settings.js';

/** Samples per request. Even, because a random stream then gives the same codes in parts. */
const BATCH = 24;
/** Samples that appear at a time. */
const GROUP = 6;

type SampleSet = Pick<ExploreSettings, 'seed' | 'label' | 'attributes' | 'isRefined'>;

/** The name of a sample, and the index of a sample of this name in its set. */
const sampleName = (
  { networks }: ExploredModel,
  index: number,
  { seed, label, attributes, isRefined }: SampleSet,
): string => {
  const chosen = Object.entries(attributes).map(([name, value]) => `, ${name} ${value}`);
  const ofClass = label === null ? '' : `, class ${label}`;
  return `${styleName(networks, isRefined ?? undefined)}sample ${index + 1} of seed ${seed}${ofClass}${chosen.join('')}`;
};
const indexOfSample = (model: ExploredModel, name: string, set: SampleSet): number | undefined => {
  const number = /^(?:one-pass |refined )?sample (\d+) of/u.exec(name)?.[1];
  return number !== undefined && name === sampleName(model, Number(number) - 1, set) ? Number(number) - 1 : undefined;
};

interface SamplesProps extends ExplorePanelProps, SampleSet {
  onSettings: (changes: Partial<ExploreSettings>) => void;
}

export function EndlessSamples(props: SamplesProps) {
  const { seed, label, attributes, isRefined, model, onSettings } = props;
  const onSeed = (seed: number): void => onSettings({ seed });
  return (
    <section class="samples" aria-label="Samples">
      <p>The generator maps random codes to images. Select one to explore around it, or two to walk between them.</p>
      <SamplesOfSeed key={`${seed} ${label} ${JSON.stringify(attributes)} ${isRefined}`} {...props}>
        <label>
          Seed{' '}
          <input
            id="seed"
            type="number"
            min="0"
            step="1"
            value={seed}
            onChange={({ currentTarget }) =>
              isSeed(currentTarget.valueAsNumber)
                ? onSeed(currentTarget.valueAsNumber)
                : (currentTarget.value = String(seed))
            }
          />
        </label>
        <button type="button" id="next-seed" onClick={() => onSeed(seed + 1)}>
          Next seed
        </button>
        <ClassSelect
          classes={model.info.condition?.classes}
          label={label}
          onChange={(label) => onSettings({ label })}
        />
        <AttributeFields
          attributes={model.info.condition?.attributes}
          chosen={attributes}
          onChange={(attributes) => onSettings({ attributes })}
        />
        <RefineBox
          isRefined={isRefined ?? isRefinedByDefault(model.networks)}
          onChange={(chosen) =>
            onSettings({ isRefined: chosen === isRefinedByDefault(model.networks) ? null : chosen })
          }
        />
      </SamplesOfSeed>
    </section>
  );
}

function SamplesOfSeed(props: SamplesProps & { children: preact.ComponentChildren }) {
  const { model, isActive, seed, label, attributes, isRefined, onFailure, children } = props;
  const { groups, empty, more } = useSamples(model, { seed, label, attributes, isRefined }, onFailure);
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
      <div class="toolbar">
        {children}
        <button id="more" type="button" disabled={!isComplete} onClick={more}>
          More
        </button>
        <SaveButtons
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
      <div class="scroll" ref={area}>
        <SampleGrid {...props} groups={groups} empty={empty} />
        <div ref={end} class="end" />
      </div>
    </>
  );
}

/** Generates samples of a seed, a group at a time, and another batch after each call of `more`. */
function useSamples(
  model: ExploredModel,
  { seed, label, attributes, isRefined }: SampleSet,
  onFailure: (error: unknown) => void,
) {
  const set = { seed, label, attributes, isRefined };
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
function SampleGrid({ model, selected, seed, label, attributes, isRefined, onSelect, groups, empty }: SampleGridProps) {
  const set = { seed, label, attributes, isRefined };
  const [focused, setFocused] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const columns = getComputedStyle(grid.current!).gridTemplateColumns.split(' ').length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(groups.length * GROUP - 1, focused + step));
    setFocused(next);
    (grid.current!.children[next] as HTMLElement).focus();
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
      aria-label={`Samples of seed ${seed}; arrow keys move between them`}
      ref={grid}
      onKeyDown={onKeyDown}
    >
      {groups.map((points, index) => (
        <SampleGroup
          key={index}
          points={points}
          first={index * GROUP}
          shape={model.info.shape}
          focused={focused}
          selected={selected && indexOfSample(model, selected.name, set)}
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
  /** The index of the first. */
  first: number;
  shape: ImageShape;
  /** Index of the sample that the tab key reaches. */
  focused: number;
  selected: number | undefined;
  onSelect: (point: Point, index: number) => void;
}

/** There may be hundreds of groups, so a group is rendered again only if one of its tiles changes. */
function SampleGroup({ points, first, shape, focused, selected, onSelect }: SampleGroupProps) {
  const within = (index: number | undefined): number | undefined =>
    index !== undefined && index >= first && index < first + GROUP ? index : undefined;
  return useMemo(
    () => (
      <>
        {points.map((point, offset) => {
          const index = first + offset;
          return (
            <Tile
              key={index}
              point={point}
              shape={shape}
              label={`Sample ${index + 1}`}
              isSelected={index === selected}
              tabIndex={index === focused ? 0 : -1}
              onSelect={() => onSelect(point, index)}
            />
          );
        })}
      </>
    ),
    [points, within(focused), within(selected)],
  );
}

/** Returns a function that draws the code [M] of a sample. */
function codeBatches(model: ExploredModel, set: SampleSet): (index: number) => Float32Array {
  const { source } = model.networks;
  const { latentSize: latent } = source;
  const { condition } = styleOf(model, set);
  const y = condition && repeated(condition, BATCH);
  const stream = randomStream(set.seed, 'samples');
  const batches: Float32Array[] = [];
  return (index) => {
    while (batches.length <= index / BATCH) batches.push(drawSampleCodes(source, BATCH, stream, y));
    const start = (index % BATCH) * latent;
    return batches[Math.floor(index / BATCH)]!.slice(start, start + latent);
  };
}

const styleOf = ({ info }: ExploredModel, { label, attributes, isRefined }: Omit<SampleSet, 'seed'>): SampleStyle => ({
  isRefined: isRefined ?? undefined,
  condition: conditionOfChoice(info, { label, attributes }),
});

/** The first samples of a seed. */
export async function firstSamples(model: ExploredModel, settings: ExploreSettings, count: number) {
  const draw = codeBatches(model, settings);
  return Promise.all(
    Array.from({ length: count }, async (_, index) => ({
      ...(await sampleOf(model.networks, draw(index), styleOf(model, settings))),
      name: sampleName(model, index, settings),
    })),
  );
}
