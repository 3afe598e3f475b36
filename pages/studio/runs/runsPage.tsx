/** All runs of the folder, to search, sort and select for comparison. */
import { useMemo, useState } from 'preact/hooks';
import type { ListedRun } from '../../../src/studio/schemas.js';
import { addressOf, formatRuns, MAX_RUNS, parseRuns, queryValue } from '../address.js';
import { previewAddress } from '../api.js';
import type { ViewProps } from '../view.js';
import { dataName, formatTime } from '../format.js';
import { ListedMetrics, Progress, StateBadge } from './runFacts.js';

const ORDERS = {
  updated: 'last change',
  name: 'name',
  match_x: 'reconstruction',
  fid: 'FID',
  code_variance: 'spread',
} as const;
type Order = keyof typeof ORDERS;

/** Runs that are shown at first. */
const SHOWN = 60;

export function RunsPage({ query, onQuery, runs, state }: ViewProps) {
  const [search, setSearch] = queryValue(query, onQuery, 'search');
  const [order, setOrder] = queryValue(query, onQuery, 'order', 'updated');
  const [selection, setSelection] = queryValue(query, onQuery, 'selected');
  const [count, setCount] = useState(SHOWN);
  const selected = parseRuns(selection).filter((id) => runs.has(id));
  const found = useMemo(
    () =>
      sorted(
        Array.from(runs.values()).filter((run) => matches(run, search)),
        order,
      ),
    [runs, search, order],
  );
  const toggle = (id: string): void => {
    const next = selected.includes(id) ? selected.filter((each) => each !== id) : [...selected, id];
    setSelection(formatRuns(next));
  };
  if (runs.size === 0) return state === 'connecting' ? null : <Welcome />;
  return (
    <>
      <h1 class="hidden">Runs</h1>
      <div class="filters" role="search">
        <label>
          Search{' '}
          <input
            id="search"
            type="search"
            value={search}
            placeholder="name, data, tag or state"
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </label>
        <label>
          Sort by{' '}
          <select id="order" value={order} onChange={({ currentTarget }) => setOrder(currentTarget.value)}>
            {Object.entries(ORDERS).map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <span class="meaning" role="status">
          {found.length} of {runs.size} runs
        </span>
        {selected.length > MAX_RUNS ? (
          <span class="meaning">At most {MAX_RUNS} runs can be compared.</span>
        ) : selected.length > 1 ? (
          <a class="button" href={addressOf('compare', '', { runs: formatRuns(selected) })}>
            Compare {selected.length} runs
          </a>
        ) : (
          <span class="meaning">Select two or more runs to compare them.</span>
        )}
      </div>
      <ul class="runs">
        {found.slice(0, count).map((run) => (
          <RunCard key={run.id} run={run} isSelected={selected.includes(run.id)} onToggle={() => toggle(run.id)} />
        ))}
      </ul>
      {found.length > count && (
        <button type="button" onClick={() => setCount(count + SHOWN)}>
          Show {Math.min(SHOWN, found.length - count)} more
        </button>
      )}
    </>
  );
}

const Welcome = () => (
  <div class="welcome card">
    <h1>No runs yet</h1>
    <p>
      A run trains two networks on images: a generator, which maps points of a sphere to images, and an encoder, which
      maps images to points of the sphere. You can watch both compete, and then draw samples, reconstruct images and
      walk between them.
    </p>
    <p>
      <a class="button primary" href="#/start">
        Start a run
      </a>
    </p>
  </div>
);

function RunCard({ run, isSelected, onToggle }: { run: ListedRun; isSelected: boolean; onToggle: () => void }) {
  const { id, preview, data, model, tags, reason, warning, updated } = run;
  return (
    <li class={`card ${run.state}`}>
      <a href={addressOf('run', id)} class="thumbnail" tabIndex={-1} aria-hidden="true">
        {preview !== null && <Thumbnail address={previewAddress(id, 'samples', preview)} />}
      </a>
      <div class="facts">
        <h2>
          <a href={addressOf('run', id)}>{id}</a>
        </h2>
        <StateBadge run={run} />
        <p class="meaning">
          {dataName(data)}
          {model && `: ${model}`}
        </p>
        {reason && <p class={run.state === 'failed' ? 'failed' : 'meaning'}>{reason}</p>}
        {warning && <p class="failed">{warning}</p>}
        <Progress run={run} />
        <ListedMetrics run={run} />
        <p class="meaning">
          <time dateTime={new Date(updated).toISOString()}>{formatTime(updated)}</time>{' '}
          {tags.map((tag) => `#${tag}`).join(' ')}
        </p>
      </div>
      <label class="select">
        <input type="checkbox" checked={isSelected} onChange={onToggle} aria-label={`Select ${id} for comparison`} />
      </label>
    </li>
  );
}

/** The first samples of a run, loaded once the card is near the window. */
function Thumbnail({ address }: { address: string }) {
  const [unreadable, setUnreadable] = useState('');
  if (unreadable === address) return <span class="unreadable">unreadable</span>;
  return <img src={address} alt="" loading="lazy" width="96" height="96" onError={() => setUnreadable(address)} />;
}

function matches({ id, data, tags, state, model }: ListedRun, search: string): boolean {
  const text = [id, data, model, state, ...tags].join(' ').toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/u)
    .every((word) => text.includes(word.replace(/^#/u, '')));
}

function sorted(runs: ListedRun[], order: string): ListedRun[] {
  const key = order as Order;
  if (key === 'name') return runs.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  const sign = key === 'code_variance' ? -1 : 1;
  if (key === 'match_x' || key === 'fid' || key === 'code_variance')
    return runs.sort((a, b) => sign * (a.metrics[key] ?? sign * Infinity) - sign * (b.metrics[key] ?? sign * Infinity));
  return runs.sort((a, b) => b.updated - a.updated);
}
