/** Facts of a run in the list and on its own page. */
import { useState } from 'preact/hooks';
import { GAP } from '../../../src/images/imageGrid.js';
import type { ListedRun } from '../../../src/studio/schemas.js';
import { addTag, previewAddress, removeTag } from '../api.js';
import { formatDuration, formatNumber } from '../format.js';
import { explain, labelOf } from '../labels.js';

export const StateBadge = ({ run: { state, reason } }: { run: ListedRun }) => (
  <span class={`state ${state}`} title={reason ?? undefined}>
    {state}
  </span>
);

/** Samples beside each other in a thumbnail. */
const SHOWN = 3;

/** Shows the first of 64 square samples, with half a gap around them. Conditional models have a column for each condition. */
function thumbnailStyle({ naturalWidth, naturalHeight }: HTMLImageElement) {
  const columns = Math.round(Math.sqrt((64 * naturalWidth) / naturalHeight));
  const shown = (SHOWN * (naturalWidth - GAP)) / columns;
  const offset = (size: number): string => `${(-50 * GAP) / size}%`;
  return {
    width: `${(100 * naturalWidth) / shown}%`,
    transform: `translate(${offset(naturalWidth)}, ${offset(naturalHeight)})`,
  };
}

/** The first samples of a run, loaded once they are near the window. */
export function Thumbnail({ run: { id, preview } }: { run: ListedRun }) {
  const [unreadable, setUnreadable] = useState('');
  const [style, setStyle] = useState({});
  const address = preview === null ? undefined : previewAddress(id, 'samples', preview);
  return (
    <span class="thumbnail frame">
      {address !== undefined && address !== unreadable && (
        <img
          src={address}
          alt=""
          loading="lazy"
          style={style}
          onLoad={({ currentTarget }) => setStyle(thumbnailStyle(currentTarget))}
          onError={() => setUnreadable(address)}
        />
      )}
    </span>
  );
}

/** Iterations done, and the time left. */
export function Progress({ run, isShort = false }: { run: ListedRun; isShort?: boolean }) {
  const { step, totalSteps, secondsLeft, id } = run;
  const isEnded = totalSteps !== null && step >= totalSteps;
  const done = `${formatNumber(step)}${totalSteps === null || isEnded ? '' : ` of ${formatNumber(totalSteps)}`}`;
  const left = secondsLeft === null ? '' : `, ${formatDuration(secondsLeft)} left`;
  const text = isShort ? formatNumber(step) : `${done} iterations${left}`;
  return (
    <div class="progress row" title={isShort ? `${done} iterations${left}` : undefined}>
      {!isEnded && (
        <progress max={totalSteps ?? 1} value={totalSteps === null ? 0 : step} aria-label={`Progress of ${id}`} />
      )}
      <span>{text}</span>
    </div>
  );
}

/** How good a run is: metrics that are known, the best first. */
const resultsOf = ({ metrics: { fid, match_x: error } }: ListedRun): string[] => [
  ...(fid === undefined ? [] : [`${labelOf('fid')} ${formatNumber(fid)}`]),
  ...(error === undefined ? [] : [`error ${formatNumber(error)}`]),
];

export const Results = ({ run }: { run: ListedRun }) => <strong>{resultsOf(run).join(', ')}</strong>;

/** The state, iterations, and the first result. */
export const ShortFacts = ({ run }: { run: ListedRun }) => (
  <div class="meaning ellipsis">
    <StateBadge run={run} /> at {[formatNumber(run.step), ...resultsOf(run).slice(0, 1)].join(', ')}
  </div>
);

const LISTED_METRICS: readonly string[] = ['match_x', 'KL_real_gap', 'code_variance', 'iterations_per_second', 'fid'];

export const ListedMetrics = ({ run: { metrics } }: { run: ListedRun }) => (
  <dl class="pairs">
    {LISTED_METRICS.map(
      (key) =>
        metrics[key] !== undefined && (
          <div key={key} title={explain(key)}>
            <dt>{labelOf(key)}</dt>
            <dd>{formatNumber(metrics[key])}</dd>
          </div>
        ),
    )}
  </dl>
);

/** The tags of a run, with a field to add one. */
export function Tags({ run: { id, tags, model }, onFailure }: { run: ListedRun; onFailure: (error: unknown) => void }) {
  const [text, setText] = useState('');
  if (model === '') return null;
  return (
    <form
      class="tags row"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') addTag(id, text.trim()).catch(onFailure);
        setText('');
      }}
    >
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          class="quiet chip tag"
          title={`Remove the tag ${tag}`}
          onClick={() => void removeTag(id, tag).catch(onFailure)}
        >
          {tag} ×
        </button>
      ))}
      <label>
        <span class="hidden">New tag</span>
        <input
          value={text}
          maxLength={40}
          placeholder="Add a tag"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
    </form>
  );
}
