/** Runs as cards with large samples. */
import { useState } from 'preact/hooks';
import type { ListedRun } from '../../../src/studio/schemas.js';
import { addressOf } from '../address.js';
import { dataName, formatTime } from '../format.js';
import { RunMenu } from './runActions.js';
import { ListedMetrics, Progress, StateBadge, Thumbnail } from './runFacts.js';

/** Cards that are shown at first. */
const SHOWN = 60;

interface GalleryProps {
  runs: readonly ListedRun[];
  selected: ReadonlySet<string>;
  onSelect: (ids: readonly string[], isSelected: boolean) => void;
  onFailure: (error: unknown) => void;
}

export function Gallery({ runs, selected, onSelect, onFailure }: GalleryProps) {
  const [count, setCount] = useState(SHOWN);
  return (
    <>
      <ul class="list runs">
        {runs.slice(0, count).map((run) => (
          <RunCard
            key={run.id}
            run={run}
            isSelected={selected.has(run.id)}
            onSelect={(isSelected) => onSelect([run.id], isSelected)}
            onFailure={onFailure}
          />
        ))}
      </ul>
      {runs.length > count && (
        <button type="button" onClick={() => setCount(count + SHOWN)}>
          Show {Math.min(SHOWN, runs.length - count)} more
        </button>
      )}
    </>
  );
}

interface RunCardProps {
  run: ListedRun;
  isSelected: boolean;
  onSelect: (isSelected: boolean) => void;
  onFailure: (error: unknown) => void;
}

function RunCard({ run, isSelected, onSelect, onFailure }: RunCardProps) {
  const { id, data, model, tags, note, reason, warning, updated, state } = run;
  return (
    <li class={`card ${state} ${isSelected ? 'selected' : ''}`}>
      <a href={addressOf('run', id)} tabIndex={-1} aria-hidden="true">
        <Thumbnail run={run} />
      </a>
      <div>
        <div class="row">
          <input
            type="checkbox"
            checked={isSelected}
            aria-label={`Select ${id}`}
            onChange={({ currentTarget }) => onSelect(currentTarget.checked)}
          />
          <h2 class="grow">
            <a href={addressOf('run', id)}>{id}</a>
          </h2>
          <StateBadge run={run} />
          <RunMenu run={run} onFailure={onFailure} />
        </div>
        <p class="meaning">
          {dataName(data)}
          {model && `: ${model}`}
        </p>
        {reason && <p class={state === 'failed' ? 'failed' : 'meaning'}>{reason}</p>}
        {warning && <p class="failed">{warning}</p>}
        {note && <p>{note}</p>}
        <Progress run={run} />
        <ListedMetrics run={run} />
        <p class="meaning">
          <time dateTime={new Date(updated).toISOString()}>{formatTime(updated)}</time>{' '}
          {tags.map((tag) => `#${tag}`).join(' ')}
        </p>
      </div>
    </li>
  );
}
