/** The path between two images: a position to choose, an animation that can be saved, and the whole path. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { encodeAnimation } from '../animation.js';
import { download, fileName } from '../files.js';
import { saveImages } from '../imageGrid.js';
import { ImageCanvas } from '../images.js';
import { useLatest } from '../latest.js';
import { SaveMenu } from '../saveMenu.js';
import { type NamedCode, useImage } from './explored.js';
import type { ExplorableModel, ExplorePanelProps } from './panel.js';
import { codeOnPath, type ConditionOnPath, CONDITIONS_ON_PATH, type Ends } from './path.js';
import { CODE_FORMATS, saveCodes } from './savedCodes.js';

/** Images in the strip, and milliseconds from one end to the other. */
const [STRIP, WALK_MS] = [7, 4000];
/** Images of a saved animation from one end to the other, and milliseconds per image. */
const FRAMES = 25;
export const FRAME_MS = 80;

/** What a position on a path means. */
interface Mixed {
  position: number;
  ends: Ends['codes'];
}

interface MixProps extends ExplorePanelProps {
  onSide: (side: 0 | 1) => void;
}

export function Mix({ model, isActive, explored, toolOf, onSide, onFailure }: MixProps) {
  const { info } = model;
  const [condition, setCondition] = useState<ConditionOnPath>('path');
  const [strip, setStrip] = useState<readonly Float32Array[]>([]);
  const tool = toolOf<Mixed>('mix');
  const ends = explored?.ends.codes;
  const isReady = ends !== undefined;
  const position = positionOf(explored?.point, ends, tool?.values);
  const moveTo = (to: number, isLast: boolean): void =>
    ends && tool?.move(codeOnPath(info.prior, ...ends, to, condition), { position: to, ends }, isLast, mixName(ends));
  const { isPlaying, toggle, stop } = useAnimation(position, moveTo, () => tool?.settle());
  useEffect(() => {
    if (tool?.values) moveTo(position, true);
  }, [condition]);
  useLatest(isReady && isActive, async () => setStrip(await imagesOnPath(model, ends!, STRIP, condition)), onFailure, [
    model,
    ends?.[0],
    ends?.[1],
    condition,
  ]);
  return (
    <section class="mix" aria-label="Mix and walk">
      <p class="meaning">
        The shortest path between two codes. The next image that you select replaces the marked end.
      </p>
      <div id="sides" class="row between">
        {([0, 1] as const).map((side) => (
          <EndButton key={side} model={model} ends={explored?.ends} side={side} onSide={onSide} onFailure={onFailure} />
        ))}
      </div>
      <div id="strip" class="frame" aria-hidden="true">
        {Array.from({ length: STRIP }, (_, index) => (
          <ImageCanvas key={index} image={strip[index]} shape={info.shape} />
        ))}
      </div>
      <div id="scrubber">
        <input
          id="position"
          type="range"
          min="0"
          max="1"
          step="0.005"
          value={position}
          aria-label="Position on the path"
          disabled={!isReady}
          onInput={({ currentTarget }) => moveTo(currentTarget.valueAsNumber, false)}
          onChange={({ currentTarget }) => moveTo(currentTarget.valueAsNumber, true)}
          onPointerDown={stop}
          onKeyDown={stop}
        />
        <button id="play" type="button" disabled={!isReady} onClick={toggle}>
          {isPlaying ? 'Pause' : 'Play'}
        </button>
      </div>
      {info.condition && (
        <label>
          Condition{' '}
          <select
            id="path-condition"
            value={condition}
            onChange={({ currentTarget }) => setCondition(currentTarget.value as ConditionOnPath)}
          >
            {Object.entries(CONDITIONS_ON_PATH).map(([key, text]) => (
              <option key={key} value={key}>
                {text}
              </option>
            ))}
          </select>
        </label>
      )}
      <SavePath model={model} ends={ends} condition={condition} strip={strip} onFailure={onFailure} />
    </section>
  );
}

interface SavePathProps {
  model: ExplorableModel;
  ends: Ends['codes'] | undefined;
  condition: ConditionOnPath;
  strip: readonly Float32Array[];
  onFailure: (error: unknown) => void;
}

function SavePath({ model, ends, condition, strip, onFailure }: SavePathProps) {
  const { info } = model;
  const name = fileName(info.name, 'walk');
  const saveAnimation = async (): Promise<void> =>
    download(
      await encodeAnimation(await imagesOnPath(model, ends!, FRAMES, condition), info.shape, FRAME_MS),
      `${name}.gif`,
    );
  return (
    <div class="toolbar">
      <button id="save-walk" type="button" disabled={!ends} onClick={() => void saveAnimation().catch(onFailure)}>
        Save animation (GIF)
      </button>
      <SaveMenu
        label="Save path"
        disabled={strip.length === 0}
        onFailure={onFailure}
        onSave={(format) => saveImages(strip, info.shape, format, name, STRIP)}
      />
      <SaveMenu
        label="Save both codes"
        formats={CODE_FORMATS}
        disabled={!ends}
        onFailure={onFailure}
        onSave={(format) => saveCodes(model, ends!, format, name)}
      />
    </div>
  );
}

const mixName = ([first, second]: Ends['codes']): string => `mix of ${first.name} and ${second.name}`;

/** An end that is selected is at its end of the slider. */
function positionOf(point: NamedCode | undefined, ends: Ends['codes'] | undefined, mixed: Mixed | undefined): number {
  if (mixed && ends?.every((end, at) => end === mixed.ends[at])) return mixed.position;
  return point && point === ends?.[0] ? 0 : point && point === ends?.[1] ? 1 : 0.5;
}

/** Images [C, H, W] at even distances on a path, both ends included. */
export async function imagesOnPath(
  { info, networks }: ExplorableModel,
  ends: Ends['codes'],
  count: number,
  condition?: ConditionOnPath,
): Promise<Float32Array[]> {
  const images: Float32Array[] = [];
  for (let index = 0; index < count; index++)
    images.push(await networks.generate(codeOnPath(info.prior, ...ends, index / (count - 1), condition)));
  return images;
}

interface EndButtonProps {
  model: ExplorableModel;
  ends: Ends | undefined;
  side: 0 | 1;
  onSide: (side: 0 | 1) => void;
  onFailure: (error: unknown) => void;
}

function EndButton({ model, ends, side, onSide, onFailure }: EndButtonProps) {
  const end = ends?.codes[side];
  const name = side === 0 ? 'First' : 'Second';
  return (
    <button
      type="button"
      title={end && `${end.name}: select another ${name.toLowerCase()} image`}
      aria-pressed={ends?.side === side}
      onClick={() => onSide(side)}
    >
      {name}
      <ImageCanvas image={useImage(model.networks, end, onFailure)} shape={model.info.shape} />
    </button>
  );
}

/** Moves the position back and forth. */
function useAnimation(position: number, moveTo: (position: number, isLast: boolean) => void, onEnd: () => void) {
  const [isPlaying, setIsPlaying] = useState(false);
  const begin = useRef(0);
  const latest = useRef(moveTo);
  latest.current = moveTo;
  useEffect(() => {
    if (!isPlaying) return;
    let frame = requestAnimationFrame(function move(now) {
      // A triangle wave.
      const phase = ((now - begin.current) / WALK_MS) % 2;
      latest.current(phase < 1 ? phase : 2 - phase, false);
      frame = requestAnimationFrame(move);
    });
    return () => cancelAnimationFrame(frame);
  }, [isPlaying]);
  const stop = (): void => {
    if (isPlaying) onEnd();
    setIsPlaying(false);
  };
  const toggle = (): void => {
    if (isPlaying) return stop();
    begin.current = performance.now() - position * WALK_MS;
    setIsPlaying(true);
  };
  return { isPlaying, toggle, stop };
}
