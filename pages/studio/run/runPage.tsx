/** One run: curves, previews, log, configuration and metrics, and buttons that steer it. */
import { useEffect, useState } from 'preact/hooks';
import type { Prior } from '../../../src/age/prior.js';
import type { RunDetail, ListedRun } from '../../../src/studio/schemas.js';
import { NoSuchRun } from '../notFoundPage.js';
import type { ViewProps } from '../view.js';
import { readRun } from '../api.js';
import { dataName } from '../format.js';
import { Progress, Results, StateBadge, Tags } from '../runs/runFacts.js';
import { Curves } from './curves.js';
import { Checkpoints, ConfigurationView, JournalView, Metrics } from './details.js';
import { Sheets } from './sheets.js';
import { Steering } from './steering.js';

export function RunPage({ run: id, query, onQuery, runs, onFailure }: ViewProps) {
  const summary = runs.get(id);
  const detail = useDetail(summary, onFailure);
  if (!summary) return <NoSuchRun run={id} />;
  return (
    <article class="run">
      <header class="run-header">
        <div class="row between">
          <h1>{id}</h1>
          <Steering run={summary} onFailure={onFailure} />
        </div>
        <div class="run-facts row">
          <StateBadge run={summary} />
          <Progress run={summary} />
          <Results run={summary} />
          <span class="meaning">
            {dataName(summary.data)}
            {summary.model && `, ${summary.model}`}
          </span>
          <Tags run={summary} onFailure={onFailure} />
        </div>
        {summary.note && <p class="note">{summary.note}</p>}
        {summary.reason && (
          <p class={`notice capital ${summary.state === 'failed' ? 'failed' : 'meaning'}`}>{summary.reason}</p>
        )}
        {summary.warning && <p class="notice capital failed">{summary.warning}</p>}
      </header>
      <div class="run-columns">
        {!hasFolder(summary) ? (
          <p class="meaning">Curves and previews appear here once training has begun.</p>
        ) : (
          <Curves run={id} step={summary.step} detail={detail} query={query} onQuery={onQuery} onFailure={onFailure} />
        )}
        <Sheets
          query={query}
          onQuery={onQuery}
          run={id}
          prior={(detail?.configuration?.prior as Prior | undefined) ?? 'sphere'}
          previews={detail?.previews ?? []}
          isEmpty={summary.preview === null}
          hasData={detail?.offer === null}
        />
      </div>
      {detail && (
        <div class="run-details">
          <div class="stack">
            <Metrics detail={detail} />
            <Checkpoints detail={detail} />
          </div>
          <div class="stack">
            <ConfigurationView detail={detail} />
            <JournalView entries={detail.journal} />
          </div>
        </div>
      )}
    </article>
  );
}

/** A run in the queue has none yet. */
const hasFolder = ({ model }: ListedRun): boolean => model !== '';

/** The details of a run, read again after each change. */
function useDetail(summary: ListedRun | undefined, onFailure: (error: unknown) => void): RunDetail | undefined {
  const [detail, setDetail] = useState<RunDetail>();
  const { id, preview, journalBytes } = summary ?? {};
  const isReadable = summary !== undefined && hasFolder(summary);
  useEffect(() => {
    if (id === undefined || !isReadable) return setDetail(undefined);
    let isLatest = true;
    readRun(id).then(
      (read) => isLatest && setDetail(read),
      (error: unknown) => isLatest && onFailure(error),
    );
    return () => {
      isLatest = false;
    };
  }, [id, preview, journalBytes, isReadable]);
  return detail?.summary.id === id ? detail : undefined;
}
