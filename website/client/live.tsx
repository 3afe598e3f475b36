/** Samples that the visitor's browser computes, and a walk between two of them. */
import { useEffect, useState } from 'preact/hooks';
import { Segments } from '../../pages/components/controls.js';
import { Tile } from '../../pages/components/images.js';
import type { Runtime } from '../../pages/components/networks.js';
import { type LiveModel, useSamples } from './liveModel.js';
import { LiveWalk } from './liveWalk.js';

/** Of the samples in the picture that the page shows before. */
const FIRST_SEED = 4;

/** The samples of a walk, by index: the last two that the visitor selected. */
type Ends = readonly [from: number, to: number];

interface LiveProps {
  models: readonly LiveModel[];
  runtime: Runtime;
  /** Whether samples are computed without a press of the button. */
  isAutomatic: boolean;
}

export function Live({ models, runtime, isAutomatic }: LiveProps) {
  const [model, setModel] = useState(models[0]!);
  const [seed, setSeed] = useState(FIRST_SEED);
  const [isStarted, setIsStarted] = useState(isAutomatic);
  const [ends, setEnds] = useState<Ends>([0, 1]);
  const { samples, status } = useSamples(model, seed, isStarted, runtime);
  useEffect(() => setEnds([0, 1]), [samples]);
  const select = (index: number): void => setEnds(([, last]) => [last, index]);
  return (
    <>
      <div class="bar">
        <Segments
          label="Model"
          names={Object.fromEntries(models.map(({ name }) => [name, name]))}
          chosen={model.name}
          onChoose={(chosen) => setModel(models.find(({ name }) => name === chosen)!)}
        />
        <button
          id="new-samples"
          type="button"
          onClick={() => (isStarted ? setSeed(seed + 1) : setIsStarted(true))}
          disabled={isStarted && !samples}
        >
          {isStarted ? 'New samples' : 'Compute in this page'}
        </button>
      </div>
      {samples ? (
        <div class="grid" role="group" aria-label="Samples">
          {samples.points.map((point, index) => (
            <Tile
              key={index}
              point={point}
              shape={samples.info.shape}
              label={`Sample ${index + 1}: walk to it`}
              isSelected={ends.includes(index)}
              onSelect={() => select(index)}
            />
          ))}
        </div>
      ) : model.picture ? (
        <img class="grid" {...model.picture} width="265" height="265" />
      ) : (
        <div class="grid skeleton" />
      )}
      <LiveWalk
        model={samples?.info}
        networks={samples?.networks}
        from={samples?.points[ends[0]]}
        to={samples?.points[ends[1]]}
      />
      <p role="status" class="hint">
        {status}
      </p>
    </>
  );
}
