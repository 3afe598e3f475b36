/** Samples of the prior without end: those of `agenet sample` for a seed, and more as the visitor scrolls. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { drawCodes } from '../../../src/age/prior.js';
import { randomStream } from '../../../src/random.js';
import { fileName } from '../../components/files.js';
import { saveImages } from '../../components/imageGrid.js';
import { type ImageShape, Tile } from '../../components/images.js';
import type { Point } from '../../components/networks.js';
import { SaveButtons } from '../../components/saveButtons.js';
import type { ExploredModel } from './model.js';
import type { ExplorePanelProps } from './panel.js';
import { isSeed } from './settings.js';

/** Samples that appear at a time: even, because a stream of random numbers then gives the same codes in parts. */
const BATCH = 24;
/** Samples that are shown at a time. */
const GROUP = 6;

/** The name of a sample, and the index of a sample of this name and seed. */
const sampleName = (index: number, seed: number): string => `sample ${index + 1} of seed ${seed}`;
const indexOfSample = (name: string, seed: number): number | undefined => {
  const [, number, ofSeed] = /^sample (\d+) of seed (\d+)$/u.exec(name) ?? [];
  return Number(ofSeed) === seed ? Number(number) - 1 : undefined;
};

interface SamplesProps extends ExplorePanelProps {
  readonly seed: number;
  readonly onSeed: (seed: number) => void;
}

export function EndlessSamples(props: SamplesProps) {
  const { seed, onSeed } = props;
  return (
    <section class="samples" aria-label="Samples">
      <p>The generator maps random codes to images. Select one to explore around it, or two to walk between them.</p>
      {/* Each seed has samples of its own. */}
      <SamplesOfSeed key={seed} {...props}>
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
      </SamplesOfSeed>
    </section>
  );
}

function SamplesOfSeed(props: SamplesProps & { readonly children: preact.ComponentChildren }) {
  const { model, isActive, selected, seed, onSelect, onFailure, children } = props;
  const draw = useMemo(() => codeBatches(model, seed), [model, seed]);
  const [batches, setBatches] = useState(1);
  const [groups, setGroups] = useState<readonly (readonly Point[])[]>([]);
  const [focused, setFocused] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const count = groups.length * GROUP;
  const isComplete = count === batches * BATCH;
  const more = (): void => setBatches((before) => before + 1);

  useEffect(() => {
    let isCurrent = true;
    const generate = async (): Promise<void> => {
      for (let first = count; first < batches * BATCH && isCurrent; first += GROUP) {
        const group = Array.from({ length: GROUP }, async (_, index) => {
          const code = { code: draw(first + index), distance: 1 };
          return { ...code, image: await model.networks.generate(code) };
        });
        const generated = await Promise.all(group);
        if (isCurrent) setGroups((before) => [...before, generated]);
      }
    };
    void generate().catch(onFailure);
    return () => (isCurrent = false);
  }, [model, batches]);

  useEffect(() => {
    if (!isComplete || !isActive) return;
    // Observed again after each batch: with room left, the end may still be visible.
    const observer = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && more(),
      {
        root: grid.current!.parentElement,
        rootMargin: '0px 0px 200px',
      },
    );
    observer.observe(end.current!);
    return () => observer.disconnect();
  }, [isComplete, isActive]);

  /** Arrow keys move between samples, so that the tab key leaves them. */
  const onKeyDown = (event: KeyboardEvent): void => {
    const columns = getComputedStyle(grid.current!).gridTemplateColumns.split(' ').length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(count - 1, focused + step));
    setFocused(next);
    (grid.current!.children[next] as HTMLElement).focus();
  };
  const onTile = (point: Point, index: number): void => {
    setFocused(index);
    onSelect(point, sampleName(index, seed));
  };
  const selectedIndex = selected ? indexOfSample(selected.name, seed) : undefined;
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
              fileName(model.info.name, `${count} samples of seed ${seed}`),
            )
          }
        />
      </div>
      <div class="scroll">
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
              selected={selectedIndex}
              onSelect={onTile}
            />
          ))}
          {Array.from({ length: batches * BATCH - count }, (_, index) => (
            <div key={`empty ${count + index}`} class="tile" />
          ))}
        </div>
        <div ref={end} class="end" />
      </div>
    </>
  );
}

interface SampleGroupProps {
  readonly points: readonly Point[];
  /** The index of the first. */
  readonly first: number;
  readonly shape: ImageShape;
  /** Index of the sample that the tab key reaches. */
  readonly focused: number;
  readonly selected: number | undefined;
  readonly onSelect: (point: Point, index: number) => void;
}

/** Some samples. There may be hundreds of groups, so that a group is rendered again only if one of its tiles changes. */
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

/** Returns a function that draws the code [M] of a sample; it is called with 0, 1, 2 and so on, or with an index that it was called with before. */
function codeBatches({ info: { prior, latent } }: ExploredModel, seed: number): (index: number) => Float32Array {
  const stream = randomStream(seed, 'samples');
  const batches: Float32Array[] = [];
  return (index) => {
    while (batches.length <= index / BATCH) batches.push(drawCodes(prior, BATCH, latent, stream));
    const start = (index % BATCH) * latent;
    return batches[Math.floor(index / BATCH)]!.slice(start, start + latent);
  };
}

/** The first samples of a seed. */
export async function firstSamples(model: ExploredModel, seed: number, count: number) {
  const draw = codeBatches(model, seed);
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const code = { code: draw(index), distance: 1 };
      return { ...code, image: await model.networks.generate(code), name: sampleName(index, seed) };
    }),
  );
}
