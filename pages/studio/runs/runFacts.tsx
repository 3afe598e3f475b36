/** Facts of a run in the list and on its own page. */
import { useState } from 'preact/hooks';
import type { RunSummary } from '../../../src/studio/schemas.js';
import { writeTags } from '../api.js';
import { formatDuration, formatNumber } from '../format.js';
import { LISTED_METRICS } from '../run/terms.js';

export const StateBadge = ({ run: { state, reason } }: { run: RunSummary }) => (
  <span class={`state ${state}`} title={reason ?? undefined}>
    {state}
  </span>
);

/** How far a run is, and how long it still takes. */
export function Progress({ run: { step, totalSteps, secondsLeft, id } }: { run: RunSummary }) {
  const text = `${formatNumber(step)}${totalSteps === null ? '' : ` of ${formatNumber(totalSteps)}`} iterations${secondsLeft === null ? '' : `, ${formatDuration(secondsLeft)} left`}`;
  return (
    <div class="progress">
      <progress max={totalSteps ?? 1} value={totalSteps === null ? 0 : step} aria-label={`Progress of ${id}`} />
      <span>{text}</span>
    </div>
  );
}

export const ListedMetrics = ({ run: { metrics } }: { run: RunSummary }) => (
  <dl class="listed-metrics">
    {Object.entries(metrics).map(([key, value]) => (
      <div key={key} title={LISTED_METRICS[key]?.meaning}>
        <dt>{LISTED_METRICS[key]?.name ?? key}</dt>
        <dd>{formatNumber(value)}</dd>
      </div>
    ))}
  </dl>
);

/** The tags of a run, which can be changed. */
export function Tags({
  run: { id, tags, model },
  onFailure,
}: {
  run: RunSummary;
  onFailure: (error: unknown) => void;
}) {
  const [text, setText] = useState('');
  if (model === '') return null;
  const change = (next: readonly string[]): void => void writeTags(id, next).catch(onFailure);
  return (
    <form
      class="tags"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') change([...tags, text.trim()]);
        setText('');
      }}
    >
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          class="tag"
          title={`Remove the tag ${tag}`}
          onClick={() => change(tags.filter((each) => each !== tag))}
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
