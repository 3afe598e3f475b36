/** The walk between two images: a position to scrub, an animation that can be saved, and the whole path. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Prior } from '../../src/age/prior.js';
import { codeBetween } from '../../src/model/paths.js';
import { encodeAnimation } from './animation.js';
import { derivedCode } from './codes.js';
import { download, fileName } from './files.js';
import { ImageCanvas } from './images.js';
import { useLatest } from './latest.js';
import type { Code, ModelInfo, Networks, Point } from './networks.js';

/** Images in the strip, and milliseconds from one end to the other. */
const [STRIP, WALK_MS] = [9, 4000];
/** Images of a saved animation from one end to the other, and milliseconds per image. */
const [FRAMES, DELAY_MS] = [25, 80];

/**
 * Returns the code at a position of the path between two codes. Between two images, its distance is
 * `distanceFromCodes`.
 * @param position 0 at the first code, 1 at the second
 */
export function codeOnWalk(prior: Prior, from: Code, to: Code, position: number): Code {
  return derivedCode(codeBetween(prior, from.code, to.code, position), [from, to]);
}

/** The two ends of a walk, and the one that the next selection replaces. */
export interface WalkEnds {
  points: readonly [from: Point | undefined, to: Point | undefined];
  side: 0 | 1;
}

/** Selections replace the start, the end, the start and so on. */
export function select({ points: [from, to], side }: WalkEnds, point: Point): WalkEnds {
  return side === 0 ? { points: [point, to], side: 1 } : { points: [from, point], side: 0 };
}

interface WalkProps {
  model: ModelInfo;
  networks: Networks | undefined;
  ends: WalkEnds;
  onSide: (side: 0 | 1) => void;
  onFailure: (error: unknown) => void;
}

export function Walk({ model, networks, ends, onSide, onFailure }: WalkProps) {
  const { name, prior, shape } = model;
  const [position, setPosition] = useState(0.5);
  const [frame, setFrame] = useState<Float32Array>();
  const [strip, setStrip] = useState<readonly Float32Array[]>([]);
  const [from, to] = ends.points;
  const isReady = networks !== undefined && from !== undefined && to !== undefined;
  const { isPlaying, toggle, stop } = useAnimation(position, setPosition);

  const imageAt = (at: number): Promise<Float32Array> => networks!.generate(codeOnWalk(prior, from!, to!, at));
  useLatest(isReady, async () => setFrame(await imageAt(position)), onFailure, [networks, from, to, position]);
  const imagesOnPath = async (count: number): Promise<Float32Array[]> => {
    const images: Float32Array[] = [];
    for (let index = 0; index < count; index++) images.push(await imageAt(index / (count - 1)));
    return images;
  };
  useLatest(isReady, async () => setStrip(await imagesOnPath(STRIP)), onFailure, [networks, from, to]);
  const save = async (): Promise<void> =>
    download(await encodeAnimation(await imagesOnPath(FRAMES), shape, DELAY_MS), `${fileName(name, 'walk')}.gif`);
  return (
    <section aria-labelledby="walk-heading">
      <h2 id="walk-heading">Walk</h2>
      <p>The images on the shortest path between two codes. Select a side, then a sample or a reconstruction.</p>
      <div id="walk">
        <div id="sides">
          {(['From', 'To'] as const).map((side, index) => (
            <button
              key={side}
              type="button"
              title={`Select the ${index === 0 ? 'start' : 'end'} of the walk`}
              aria-pressed={ends.side === index}
              onClick={() => onSide(index as 0 | 1)}
            >
              {side}
              {ends.points[index] && <ImageCanvas image={ends.points[index].image} shape={shape} />}
            </button>
          ))}
        </div>
        <ImageCanvas id="frame" image={frame} shape={shape} role="img" label="Image on the path" />
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
            onInput={({ currentTarget }) => setPosition(currentTarget.valueAsNumber)}
            onPointerDown={stop}
            onKeyDown={stop}
          />
          <button id="play" type="button" disabled={!isReady} onClick={toggle}>
            {isPlaying ? 'Pause' : 'Play'}
          </button>
        </div>
        <div id="strip" aria-hidden="true">
          {strip.map((image, index) => (
            <ImageCanvas key={index} image={image} shape={shape} />
          ))}
        </div>
        <button id="save-walk" type="button" disabled={!isReady} onClick={() => void save().catch(onFailure)}>
          Save animation (GIF)
        </button>
      </div>
    </section>
  );
}

/** Moves the position back and forth. */
function useAnimation(position: number, setPosition: (position: number) => void) {
  const [isPlaying, setIsPlaying] = useState(false);
  const begin = useRef(0);
  useEffect(() => {
    if (!isPlaying) return;
    let frame = requestAnimationFrame(function move(now) {
      // A triangle wave.
      const phase = ((now - begin.current) / WALK_MS) % 2;
      setPosition(phase < 1 ? phase : 2 - phase);
      frame = requestAnimationFrame(move);
    });
    return () => cancelAnimationFrame(frame);
  }, [isPlaying]);
  const toggle = (): void => {
    begin.current = performance.now() - position * WALK_MS;
    setIsPlaying(!isPlaying);
  };
  return { isPlaying, toggle, stop: () => setIsPlaying(false) };
}
