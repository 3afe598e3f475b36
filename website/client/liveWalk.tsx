/** A walk between two samples, with a position to move. */
import { useEffect, useState } from 'preact/hooks';
import { codeOnPath } from '../../pages/components/explore/path.js';
import { ImageCanvas, type ImageShape } from '../../pages/components/images.js';
import { useLatest } from '../../pages/components/latest.js';
import type { ModelInfo, Networks, Point } from '../../pages/components/networks.js';

/** Milliseconds of the walk that plays once. */
const WALK_MS = 4000;

const NO_SHAPE: ImageShape = [1, 1, 1];

interface LiveWalkProps {
  /** Undefined until it is loaded, as the networks and the two samples. */
  model: ModelInfo | undefined;
  networks: Networks | undefined;
  from: Point | undefined;
  to: Point | undefined;
}

export function LiveWalk({ model, networks, from, to }: LiveWalkProps) {
  const shape = model?.shape ?? NO_SHAPE;
  const [position, setPosition] = useState(0.5);
  const [isPlaying, setIsPlaying] = useState(false);
  const [image, setImage] = useState<Float32Array>();
  const isReady = networks !== undefined && from !== undefined && to !== undefined;
  useLatest(
    isReady,
    async () => setImage(await networks!.generate(codeOnPath(model!.prior, from!, to!, position))),
    () => setImage(undefined),
    [networks, from, to, position],
  );
  useEffect(() => {
    if (!isPlaying) return;
    const start = performance.now();
    let frame = requestAnimationFrame(function move(now) {
      // From one sample to the other and back.
      const phase = (2 * (now - start)) / WALK_MS;
      setPosition(Math.min(1, Math.max(0, phase < 1 ? phase : 2 - phase)));
      if (phase < 2) frame = requestAnimationFrame(move);
      else setIsPlaying(false);
    });
    return () => cancelAnimationFrame(frame);
  }, [isPlaying]);
  return (
    <div class="walk" role="group" aria-label="Walk between two samples">
      <ImageCanvas image={from?.image} shape={shape} />
      <input
        type="range"
        min="0"
        max="1"
        step="0.01"
        value={position}
        aria-label="Position between the two samples"
        disabled={!isReady}
        onInput={({ currentTarget }) => {
          setIsPlaying(false);
          setPosition(currentTarget.valueAsNumber);
        }}
      />
      <ImageCanvas image={to?.image} shape={shape} />
      <ImageCanvas
        id="between"
        image={isReady ? image : undefined}
        shape={shape}
        role="img"
        label="Image between the two samples"
      />
      <button id="walk-play" type="button" disabled={!isReady} onClick={() => setIsPlaying(!isPlaying)}>
        {isPlaying ? 'Stop' : 'Walk'}
      </button>
    </div>
  );
}
