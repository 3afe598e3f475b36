/** Facts of a run in the list and on its own page. */
import { useState } from 'preact/hooks';
import type { ListedRun } from '../../../src/studio/schemas.js';
import { addTag, removeTag } from '../api.js';
import { formatDuration, formatNumber } from '../format.js';
import { LISTED_METRICS } from '../run/terms.js';

export const StateBadge = ({ run: { state, reason } }: { run: ListedRun }) => (
  <span class={`state ${state}`} title={reason ?? undefined}>
    {state}
  </span>
);

/** Iterations done, and the time left. */
export function Progress({ run: { step, totalSteps, secondsLeft, id } }: { run: ListedRun }) {
  const text = `${formatNumber(step)}${totalSteps === null ? '' : ` of ${formatNumber(totalSteps)}`} iterations${secondsLeft === null ? '' : `, ${formatDuration(secondsLeft)} left`}`;
  return (
    <div class="progress">
      <progress max={totalSteps ?? 1} value={totalSteps === null ? 0 : step} aria-label={`Progress of ${id}`} />
      <span>{text}</span>
    </div>
  );
}

export const ListedMetrics = ({ run: { metrics } }: { run: ListedRun }) => (
  <dl class="listed-metrics">
    {Object.entries(metrics).map(([key, value]) => (
      <div key={key} title={LISTED_METRICS[key]?.meaning}>
        <dt>{LISTED_METRICS[key]?.name ?? key}</dt>
        <dd>{formatNumber(value)}</dd>
      </div>
    ))}
  </dl>
);

/** The tags of a run, with a field to add one. */
export function Tags({ run: { id, tags, model }, onFailure }: { run: ListedRun; onFailure: (error: unknown) => void }) {
  const [text, setText] = useState('');
  if (model === '') return null;
  return (
    <form
      class="tags"
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
          class="tag"
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
          placeholder="add a tag"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
    </form>
  );
}
